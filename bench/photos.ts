import sharp from 'sharp';
import { portraits, scenery } from '../demo/sample-photos.ts';

/** Photos as a door camera would take them: 1280×720 px, JPEG, one person in front of a lawn and trees. */
export async function doorPhotos(): Promise<readonly Buffer[]> {
  const behind = await sharp(await scenery())
    .resize(1280, 720, { fit: 'cover' })
    .toBuffer();
  return await Promise.all(
    [portraits.alice, portraits.bella, portraits.clara, portraits.dora].map(async (portrait) => {
      const person = await sharp(await portrait())
        .resize({ height: 460 })
        .toBuffer();
      return await sharp(behind)
        .composite([{ input: person, left: 440, top: 180 }])
        .jpeg({ quality: 88 })
        .toBuffer();
    }),
  );
}
