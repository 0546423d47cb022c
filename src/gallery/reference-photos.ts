import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { extname, join, parse } from 'node:path';
import { MusterError, codeOf, messageOf } from '../lib/errors.ts';
import type { SubjectId } from './contract.ts';
import { subjectOfName } from './subject.ts';

/** Extensions that photos have, also those that can't be decoded: such a photo is refused by name, not passed over. */
const photoExtensions = new Set([
  '',
  '.jpg',
  '.jpeg',
  '.jpe',
  '.jfif',
  '.png',
  '.webp',
  '.avif',
  '.heic',
  '.heif',
  '.tif',
  '.tiff',
  '.gif',
  '.bmp',
]);

/** A person to enrol. */
export interface ReferencePhotos {
  readonly subject: SubjectId;
  /** Name of the sub-folder or file that the subject's id was made of. */
  readonly name: string;
  /** Photo files, relative to the folder, in order. */
  readonly photos: readonly string[];
}

export interface RefusedName {
  readonly name: string;
  readonly code: 'name_empty' | 'name_collides';
  readonly message: string;
}

/** What a folder of reference photos holds. */
export interface ReferenceFolder {
  readonly subjects: readonly ReferencePhotos[];
  readonly refusedNames: readonly RefusedName[];
  /** Entries that aren't photos by their name or kind, relative to the folder. Hidden files aren't mentioned. */
  readonly ignored: readonly string[];
}

/**
 * Reads which photos are whose: a sub-folder per subject, or a photo at the top for a subject of its own, whose name
 * without the extension counts. The names are mapped by `subjectOfName`; those that leave nothing, and those that
 * share an id, are refused. Throws the MusterErrors `folder_unreadable` and `folder_empty`.
 */
export async function readReferenceFolder(folder: string): Promise<ReferenceFolder> {
  const ignored: string[] = [];
  const found: { name: string; photos: string[] }[] = [];
  for (const name of await namesIn(folder)) {
    const kind = await kindOf(join(folder, name));
    if (kind === 'photo') {
      found.push({ name, photos: [name] });
    } else if (kind === 'folder') {
      const photos: string[] = [];
      for (const inner of await namesIn(join(folder, name))) {
        const path = join(name, inner);
        ((await kindOf(join(folder, path))) === 'photo' ? photos : ignored).push(path);
      }
      found.push({ name: `${name}/`, photos });
    } else {
      ignored.push(name);
    }
  }
  if (found.length === 0) {
    throw new MusterError('folder_empty', `${folder} holds no photo and no sub-folder with photos`, {
      remedy: 'Make one sub-folder for each subject and put their reference photos there.',
    });
  }
  return { ...assignSubjects(found), ignored };
}

function assignSubjects(
  found: readonly { readonly name: string; readonly photos: readonly string[] }[],
): Omit<ReferenceFolder, 'ignored'> {
  const withSubject = found.map((each) => ({
    ...each,
    subject: subjectOfName(each.name.endsWith('/') ? each.name : parse(each.name).name),
  }));
  const subjects: ReferencePhotos[] = [];
  const refusedNames: RefusedName[] = [];
  for (const { name, photos, subject } of withSubject) {
    const others = withSubject.filter((each) => each.subject === subject && each.name !== name);
    if (subject === null) {
      const message = 'it leaves no id: a subject id is made of the letters a-z, digits and -';
      refusedNames.push({ name, code: 'name_empty', message });
    } else if (others.length > 0) {
      const message = `it gives the id ${subject}, as ${others.map((each) => each.name).join(', ')} does`;
      refusedNames.push({ name, code: 'name_collides', message });
    } else {
      subjects.push({ subject, name, photos });
    }
  }
  return { subjects, refusedNames };
}

/** The names in a folder, in order, without those of hidden files and of files that systems put everywhere. */
async function namesIn(folder: string): Promise<string[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const known: Readonly<Record<string, string>> = {
      ENOENT: 'there is no such folder',
      ENOTDIR: 'it is a file and no folder',
      EACCES: 'this user may not read it',
    };
    const reason = known[codeOf(error) ?? ''] ?? messageOf(error);
    throw new MusterError('folder_unreadable', `${folder} can't be read: ${reason}`, {
      remedy: 'Name a folder with a sub-folder of reference photos for each subject.',
      cause: error,
    });
  }
  return entries
    .map(({ name }) => name)
    .filter((name) => !/^(\..*|thumbs\.db|desktop\.ini)$/i.test(name))
    .toSorted();
}

/** What a path is, links followed. A photo that a link promises but isn't there stays one: it is refused by name. */
async function kindOf(path: string): Promise<'photo' | 'folder' | 'other'> {
  const stats = await stat(path).catch(() => null);
  if (stats?.isDirectory()) return 'folder';
  if (stats !== null && !stats.isFile()) return 'other';
  return photoExtensions.has(extname(path).toLowerCase()) ? 'photo' : 'other';
}
