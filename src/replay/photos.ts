import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { matchFaces } from '../decide/match.ts';
import type { Gallery } from '../gallery/contract.ts';
import { analysePhoto } from '../gallery/photo.ts';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { Vision } from '../vision/contract.ts';
import type { Sight } from './contract.ts';
import { recordedFace } from './recording.ts';

export interface PhotoParts {
  readonly vision: Vision;
  readonly gallery: Gallery;
  /** A photo that can't be analysed. */
  readonly onFailed: (file: string, message: string) => void;
}

/**
 * What a station would see of a folder of photos, by the time of the files: each photo is a capture, and the photos of a folder in it are a
 * burst. Throws MusterError `recording` where the folder can't be read.
 */
export async function* sightsOfPhotos(
  folder: string,
  parts: PhotoParts,
): AsyncGenerator<Sight, void, undefined> {
  const entries = await list(folder);
  for (const { path, isFolder, time } of entries) {
    const files = isFolder
      ? (await list(path)).filter((one) => !one.isFolder).map((one) => one.path)
      : [path];
    const photos: Sight['photos'] = [];
    for (const file of files) {
      const result = await analysePhoto(parts.vision, file);
      if (!result.ok) parts.onFailed(file, result.message);
      else photos.push((await matchFaces(result.faces, parts.gallery)).map(recordedFace));
    }
    if (photos.length > 0) yield { kind: isFolder ? 'burst' : 'photo', captured_at: time, at: time, photos };
  }
}

async function list(folder: string) {
  try {
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted();
    const entries = await Promise.all(
      names.map(async (name) => {
        const stats = await stat(join(folder, name));
        return { path: join(folder, name), isFolder: stats.isDirectory(), time: Math.trunc(stats.mtimeMs) };
      }),
    );
    return entries.toSorted((a, b) => a.time - b.time);
  } catch (error) {
    const reason = codeOf(error) === 'ENOENT' ? 'there is no such folder' : messageOf(error);
    throw new MusterError('recording', `${folder} can't be replayed: ${reason}`, { cause: error });
  }
}
