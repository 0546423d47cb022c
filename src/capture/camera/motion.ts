/** A small grey picture of a frame: 80×45, rows from the top, 0..255. Its sides' ratio is not the frame's. */
export const thumbnailWidth = 80;
export const thumbnailHeight = 45;

/**
 * `moved`: other than a moment ago. `changed`: not that, but other than the frame that was analysed last, as somebody makes it who comes very
 * slowly. `same`: neither.
 */
export type Glance = 'moved' | 'changed' | 'same';

export interface MotionGate {
  /** Compares with what was there before, and learns. The first picture counts as moved. The picture is kept: the caller leaves it as it is. */
  look(thumbnail: Uint8Array): Glance;
  /** The frame of the newest picture is analysed: later ones are compared with it. */
  analysed(): void;
  /** A frame was analysed, or could not be, of which there is no picture: until the next `analysed` every picture has changed. */
  forget(): void;
}

export type Sensitivity = 'low' | 'medium' | 'high';

/** Side of a block, px of the thumbnail; both sides are multiples of it. */
const block = 5;
const columns = thumbnailWidth / block;
const blocks = columns * (thumbnailHeight / block);
/** Share of the new picture in the background: what stands still is a part of it after about 30 pictures. */
const learning = 1 / 16;
/** A difference counts from this many times the block's own noise. */
const noiseFactor = 4;

/** Grey levels by which a block must differ at least, and how many blocks must. */
const limits: Readonly<Record<Sensitivity, { readonly levels: number; readonly blocks: number }>> = {
  low: { levels: 14, blocks: 5 },
  medium: { levels: 9, blocks: 2 },
  high: { levels: 5, blocks: 1 },
};

/** A change since the analysed frame counts from this share of the levels, and one block is enough: it lasts, and has time. */
const lasting = 0.5;
/** A change of the whole picture's brightness counts since the analysed frame, levels: a face may have come out of the dark. */
const otherLight = 24;

/**
 * Tells whether something moves, from small grey pictures: mean differences of blocks to a background that adapts, where each
 * block knows its own noise (a tree in the wind, a dim corner). A change of the whole picture's brightness is taken out before, as a
 * cloud or the camera's exposure makes it.
 */
export function createMotionGate(sensitivity: Sensitivity): MotionGate {
  const background = new Float32Array(thumbnailWidth * thumbnailHeight);
  const noise = new Float32Array(blocks);
  const least = limits[sensitivity];
  let newest: Uint8Array | null = null;
  let analysed: Uint8Array | null = null;

  /** Blocks that differ by more than so many levels and their noise. */
  function over(differences: Float32Array, levels: number): number {
    return differences.filter((each, i) => each > Math.max(levels, noiseFactor * noise[i]!)).length;
  }

  function hasMoved(thumbnail: Uint8Array): boolean {
    const differences = differencesOf(thumbnail, background, medianShift(thumbnail, background));
    const moved = over(differences, least.levels) >= least.blocks;
    for (let i = 0; i < background.length; i += 1)
      background[i]! += (thumbnail[i]! - background[i]!) * learning;
    for (const [i, difference] of differences.entries()) {
      // What moves is not noise, unless it never ends: then it slowly becomes some.
      noise[i]! += (Math.min(difference, noise[i]! + 1) - noise[i]!) * learning;
    }
    return moved;
  }

  function hasChanged(thumbnail: Uint8Array): boolean {
    if (analysed === null) return true;
    const shift = medianShift(thumbnail, analysed);
    if (Math.abs(shift) > otherLight) return true;
    return over(differencesOf(thumbnail, analysed, shift), least.levels * lasting) > 0;
  }

  return {
    look(thumbnail) {
      const isFirst = newest === null;
      newest = thumbnail;
      if (isFirst) background.set(thumbnail);
      if (isFirst || hasMoved(thumbnail)) return 'moved';
      return hasChanged(thumbnail) ? 'changed' : 'same';
    },
    analysed() {
      analysed = newest;
    },
    forget() {
      analysed = null;
    },
  };
}

/** Mean differences of each block, levels, after a shift of the whole picture. */
function differencesOf(thumbnail: Uint8Array, before: Float32Array | Uint8Array, shift: number) {
  const differences = new Float32Array(blocks);
  for (let i = 0; i < before.length; i += 1)
    differences[blockOf[i]!]! += Math.abs(thumbnail[i]! - before[i]! - shift) / (block * block);
  return differences;
}

/** The block of each pixel of the thumbnail. */
const blockOf = Uint8Array.from({ length: thumbnailWidth * thumbnailHeight }, (_, pixel) => {
  const row = Math.floor(pixel / thumbnailWidth / block);
  return row * columns + Math.floor((pixel % thumbnailWidth) / block);
});

/** By how many levels most of the picture has become brighter: something that covers less than half of it has no say. */
function medianShift(thumbnail: Uint8Array, background: Float32Array | Uint8Array): number {
  const counts = new Uint16Array(512);
  for (let i = 0; i < background.length; i += 1)
    counts[Math.round(thumbnail[i]! - background[i]!) + 256]! += 1;
  let shift = 0;
  for (let below = counts[0]!; below * 2 <= background.length; below += counts[shift]!) shift += 1;
  return shift - 256;
}
