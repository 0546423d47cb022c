import { cropSide } from './align.ts';
import { encodePng } from './decode.ts';
import { pixelScale } from './image.ts';

/** The aligned crop of a face as a PNG, for a person to look at. */
export async function showCrop(crop: Float32Array): Promise<Uint8Array> {
  const plane = cropSide * cropSide;
  const pixels = new Uint8ClampedArray(3 * plane);
  // From three planes of (v − 127.5) / 128 to the colours of each pixel.
  for (let i = 0; i < plane; i++)
    for (let colour = 0; colour < 3; colour++)
      pixels[3 * i + colour] = crop[colour * plane + i]! / pixelScale + 127.5;
  return await encodePng(pixels, cropSide, cropSide);
}
