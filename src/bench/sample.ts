import { seededRandom } from '../lib/random.ts';
import { drawFace } from '../selftest/test-face.ts';
import { encodeJpeg } from '../vision/decode.ts';

export interface SampleOptions {
  readonly width: number;
  readonly height: number;
  readonly faces: number;
  readonly seed: number;
}

/** Share of the drawing that its face takes. */
const faceShare = 0.38;
/** Grain as a camera has it, grey levels: without it a JPEG is far smaller than a photo, and quicker to decode. */
const grain = 14;

/**
 * A photo (JPEG) with drawn faces side by side on a grainy picture, so that a bench needs no photo of a person. The faces take up to a
 * third of the height. Rejects with a RangeError where the faces would be smaller than `minFacePx`.
 */
export async function samplePhoto(
  { width, height, faces, seed }: SampleOptions,
  minFacePx: number,
): Promise<Buffer> {
  const { side, rgb } = await drawFace();
  const each = Math.floor(Math.min((0.35 * height) / faceShare, width / Math.max(1, faces)));
  if (faces > 0 && each * faceShare < minFacePx)
    throw new RangeError(`${faces} faces of ${minFacePx} px do not fit into ${width}×${height}`);
  const random = seededRandom(seed);
  const data = new Uint8Array(width * height * 3);
  const top = Math.floor((height - each) / 2);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const noise = (random() - 0.5) * 2 * grain;
      const to = (y * width + x) * 3;
      const column = x % Math.floor(width / Math.max(1, faces));
      const isFace =
        faces > 0 && y >= top && y < top + each && column < each && x < faces * Math.floor(width / faces);
      const from = isFace
        ? (Math.floor(((y - top) / each) * side) * side + Math.floor((column / each) * side)) * 3
        : -1;
      for (let k = 0; k < 3; k++) {
        const base = from < 0 ? 90 + 60 * (y / height) + 20 * k * (x / width) : rgb[from + k]!;
        data[to + k] = Math.max(0, Math.min(255, base + noise));
      }
    }
  }
  return await encodeJpeg({ width, height, data });
}
