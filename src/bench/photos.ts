import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { Photos } from './bench.ts';
import { samplePhoto } from './sample.ts';

const photoName = /\.(jpe?g|png|webp|avif|gif|tiff?)$/i;
/** Different pictures of one size, as one and the same would flatter caches. */
const samples = 4;

/** The photos of a folder. Throws MusterError `bench_photos` where there are none. */
export async function photosOfFolder(folder: string): Promise<Photos> {
  const remedy =
    'Name a folder with JPEG, PNG, WebP, AVIF, GIF or TIFF files, or leave --photos out: faces are drawn then.';
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => photoName.test(name)).toSorted();
  } catch (error) {
    throw new MusterError('bench_photos', `the folder ${folder} can't be read: ${messageOf(error)}`, {
      remedy,
    });
  }
  if (names.length === 0) throw new MusterError('bench_photos', `there is no photo in ${folder}`, { remedy });
  return { name: folder, files: await Promise.all(names.map((name) => readFile(join(folder, name)))) };
}

/** Drawn photos of one size with so many faces. Throws MusterError `bench_photos` where they don't fit. */
export async function drawnPhotos(
  size: readonly [number, number],
  faces: number,
  minFacePx: number,
): Promise<Photos> {
  const [width, height] = size;
  try {
    const files = await Promise.all(
      Array.from({ length: samples }, (_, i) =>
        samplePhoto({ width, height, faces, seed: i + 1 }, minFacePx),
      ),
    );
    return { name: `${width}x${height}`, files };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new MusterError('bench_photos', error.message, {
      remedy: 'Ask for larger photos (--size), fewer faces (--faces), or lower vision.min_face_px.',
    });
  }
}
