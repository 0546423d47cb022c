import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp, { type Region } from 'sharp';

/**
 * Photos to show and test a station with, cut from the group photos that come with the package @vladmandic/face-api
 * (MIT). Alice and Bella are each in two of them, in other clothes and other light.
 */

const folder = join(
  dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
  'demo',
);

/** The group photo `sample<n>.jpg`, n from 1 to 6. */
export const groupPhoto = (n: number): string => join(folder, `sample${n}.jpg`);

/** Cuts a region out of a group photo. */
async function cut(n: number, region: Region): Promise<Buffer> {
  return await sharp(groupPhoto(n)).extract(region).jpeg({ quality: 92 }).toBuffer();
}

/** Around a face: half its height above and below, more to the sides. */
const around = (left: number, top: number, right: number, bottom: number): Region => {
  const width = right - left;
  const height = bottom - top;
  const x = Math.max(0, Math.round(left - width * 0.4));
  const y = Math.max(0, Math.round(top - height * 0.5));
  return { left: x, top: y, width: Math.round(width * 1.8), height: Math.round(height * 2) };
};

export const portraits = {
  alice: () => cut(3, around(1065, 215, 1282, 501)),
  aliceAgain: () => cut(1, around(1477, 205, 1684, 426)),
  bella: () => cut(1, around(828, 424, 1037, 661)),
  bellaAgain: () => cut(4, around(259, 206, 443, 442)),
  clara: () => cut(6, around(672, 328, 871, 637)),
  dora: () => cut(6, around(1484, 254, 1692, 554)),
  stranger: () => cut(5, around(1402, 396, 1601, 664)),
};

/** Bella and three others, all about as far from the camera. */
export const groupWithBella = (): string => groupPhoto(4);

/** Bella nearest to the camera, the three others behind her: their part of the photo made smaller, hers laid upon it. */
export const bellaInFront = async (): Promise<Buffer> => {
  const behind = sharp(groupPhoto(4)).extract({ left: 480, top: 0, width: 1440, height: 1000 }).resize(1008);
  const inFront = { input: await portraits.bellaAgain(), left: 60, top: 200 };
  return await behind
    .extend({ left: 420, background: '#777' })
    .composite([inFront])
    .jpeg({ quality: 92 })
    .toBuffer();
};

/** A part of a group photo without a face. */
export const scenery = (): Promise<Buffer> => cut(4, { left: 0, top: 700, width: 640, height: 480 });
