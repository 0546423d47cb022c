import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { groupPhoto } from '../demo/sample-photos.ts';

const photoName = /\.(jpe?g|png|webp|avif|tiff?)$/i;

/**
 * The photos to measure with, as file contents: those of a folder, or six sample photos as a door camera would take them
 * (1280×720 px, JPEG, two to five people). Throws when the folder has none.
 */
export async function loadPhotos(folder?: string): Promise<readonly Buffer[]> {
  if (folder === undefined) return await Promise.all([1, 2, 3, 4, 5, 6].map(samplePhoto));
  const names = (await readdir(folder)).filter((name) => photoName.test(name)).toSorted();
  if (names.length === 0) throw new Error(`there is no photo in ${folder}`);
  return await Promise.all(names.map((name) => readFile(join(folder, name))));
}

function samplePhoto(n: number): Promise<Buffer> {
  return sharp(groupPhoto(n))
    .resize(1280, 720, { fit: 'cover', position: 'top' })
    .jpeg({ quality: 85 })
    .toBuffer();
}
