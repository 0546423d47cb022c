/** A small grey picture of a frame: 80×45, rows from the top, 0..255. Its sides' ratio is not the frame's. */
export const thumbnailWidth = 80;
export const thumbnailHeight = 45;

export interface MotionGate {
  /** Compares with what was there before, and learns. The first picture counts as moved. */
  look(thumbnail: Uint8Array): boolean;
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

/**
 * Tells whether something moves, from small grey pictures: mean differences of blocks to a background that adapts, where each
 * block knows its own noise (a tree in the wind, a dim corner). A change of the whole picture's brightness is taken out before, as a
 * cloud or the camera's exposure makes it.
 */
export function createMotionGate(sensitivity: Sensitivity): MotionGate {
  const background = new Float32Array(thumbnailWidth * thumbnailHeight);
  const noise = new Float32Array(blocks);
  const least = limits[sensitivity];
  let isFirst = true;

  return {
    look(thumbnail) {
      if (isFirst) {
        isFirst = false;
        background.set(thumbnail);
        return true;
      }
      const shift = medianShift(thumbnail, background);
      const differences = new Float32Array(blocks);
      for (let i = 0; i < background.length; i += 1) {
        differences[blockOf[i]!]! += Math.abs(thumbnail[i]! - background[i]! - shift) / (block * block);
        background[i]! += (thumbnail[i]! - background[i]!) * learning;
      }
      let moved = 0;
      for (const [i, difference] of differences.entries()) {
        if (difference > Math.max(least.levels, noiseFactor * noise[i]!)) moved += 1;
        // What moves is not noise, unless it never ends: then it slowly becomes some.
        noise[i]! += (Math.min(difference, noise[i]! + 1) - noise[i]!) * learning;
      }
      return moved >= least.blocks;
    },
  };
}

/** The block of each pixel of the thumbnail. */
const blockOf = Uint8Array.from({ length: thumbnailWidth * thumbnailHeight }, (_, pixel) => {
  const row = Math.floor(pixel / thumbnailWidth / block);
  return row * columns + Math.floor((pixel % thumbnailWidth) / block);
});

/** By how many levels most of the picture has become brighter: something that covers less than half of it has no say. */
function medianShift(thumbnail: Uint8Array, background: Float32Array): number {
  const counts = new Uint16Array(512);
  for (let i = 0; i < background.length; i += 1)
    counts[Math.round(thumbnail[i]! - background[i]!) + 256]! += 1;
  let shift = 0;
  for (let below = counts[0]!; below * 2 <= background.length; below += counts[shift]!) shift += 1;
  return shift - 256;
}
