import { createHash } from 'node:crypto';
import { mkdir, open, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import { damaged, readArchive, shown, type ArchiveEntry } from './archive.ts';
import { format, manifestName, manifestSchema, type BackupFile, type Manifest } from './contract.ts';

/** Of a manifest, bytes: that of ten thousand files. */
const mostManifestBytes = 2 * 2 ** 20;
/** What a restore leaves free on the disk, bytes. */
const spareBytes = 16 * 2 ** 20;

/**
 * Unpacks a backup into an empty folder, durably, and holds every byte to the manifest: the archive holds the files that are named
 * there, each once, and nothing else. Throws MusterError `backup_damaged`, `backup_format` or `backup_no_room`.
 *
 * @param archive with its size, as `archiveSize` tells it
 * @param check looks at the manifest before anything is written, and throws where it doesn't fit
 */
export async function unpack(
  archive: { readonly file: string; readonly bytes: number },
  folder: string,
  check: (manifest: Manifest) => void,
): Promise<Manifest> {
  let manifest: Manifest | null = null;
  const missing = new Map<string, BackupFile>();
  await readArchive(archive.file, async (entry) => {
    if (manifest === null) {
      manifest = await readManifest(entry);
      check(manifest);
      for (const named of manifest.files) missing.set(named.path, named);
      if (missing.size < manifest.files.length) throw damaged('its manifest names a file twice');
      await checkRoom(manifest, archive.bytes, folder);
      return;
    }
    const named = missing.get(entry.path);
    if (named === undefined || named.bytes !== entry.bytes)
      throw damaged(`${shown(entry.path)} is not as its manifest says`);
    missing.delete(entry.path);
    await writeFile(entry, named, folder);
  });
  const [left] = missing.keys();
  if (left !== undefined) throw damaged(`${left} is missing`);
  if (manifest === null) throw damaged('it is empty');
  return manifest;
}

async function readManifest({ path, bytes, content }: ArchiveEntry): Promise<Manifest> {
  if (path !== manifestName || bytes > mostManifestBytes) throw damaged('it does not begin with a manifest');
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw damaged('its manifest is no JSON', cause);
  }
  const head = z.object({ kind: z.literal('muster-backup'), format: z.int() }).safeParse(value);
  if (head.success && head.data.format > format) {
    throw new MusterError('backup_format', 'the backup was written by a newer Muster', {
      remedy: 'Install that Muster or a newer one, and restore with it. Nothing was changed.',
    });
  }
  const parsed = manifestSchema.safeParse(value);
  if (!parsed.success) throw damaged(`its manifest is wrong: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** No file of a tar is larger than the tar itself, and all of them have to find room. */
async function checkRoom({ files }: Manifest, archiveBytes: number, folder: string): Promise<void> {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes > archiveBytes) throw damaged('its manifest names more than there is');
  const { bavail, bsize } = await statfs(folder);
  if (bytes + spareBytes <= bavail * bsize) return;
  throw new MusterError('backup_no_room', `there is no room for the backup on the disk of ${folder}`, {
    remedy: `Free ${Math.ceil((bytes + spareBytes) / 2 ** 20)} MiB. Nothing was changed.`,
  });
}

async function writeFile(entry: ArchiveEntry, named: BackupFile, folder: string): Promise<void> {
  const path = join(folder, named.path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of entry.content) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (hash.digest('hex') !== named.sha256) throw damaged(`${named.path} does not have its SHA-256`);
}

/** Of a backup, bytes. Throws MusterError `backup_missing`. */
export async function archiveSize(file: string): Promise<number> {
  try {
    const stats = await stat(file);
    if (!stats.isFile()) throw new Error('it is no file');
    return stats.size;
  } catch (cause) {
    const reason = codeOf(cause) === 'ENOENT' ? 'there is no such file' : messageOf(cause);
    throw new MusterError('backup_missing', `the backup ${file} can't be read: ${reason}`, {
      remedy: 'Name a file that `muster backup` wrote, and that this user may read.',
      cause,
    });
  }
}
