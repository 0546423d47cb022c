import { copyFile, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { isoTime, type Clock } from '../lib/clock.ts';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import { hashFile } from '../lib/file-pieces.ts';
import { packageVersion } from '../lib/package.ts';
import { syncFolder } from '../lib/sync-folder.ts';
import { writeArchive } from './archive.ts';
import {
  besidePrefix,
  filePath,
  format,
  manifestName,
  settingsName,
  stateFiles,
  type BackupFile,
  type Manifest,
} from './contract.ts';

export interface BackupOptions {
  readonly config: Pick<Config, 'site' | 'station' | 'data_dir'>;
  /** The settings of the config file without its secrets, as YAML; null where there is no file. */
  readonly settings: string | null;
  /** The archive to write. One that is there is replaced when the new one is whole. */
  readonly file: string;
  readonly clock: Clock;
  /** Gives it up between two files; what there is of it goes. */
  readonly signal?: AbortSignal;
}

/** A folder whose revisions are tidied away each time they are looked at is not in order. */
const mostAttempts = 10;

/**
 * Writes a backup of a station, running or not. Every file in it is one that the station replaces as a whole and never changes, so each
 * copy is a whole state. Throws MusterError `backup_nothing`, `backup_busy` or `backup_unwritable`; the signal's reason when it aborts.
 */
export async function makeBackup({
  config,
  settings,
  file,
  clock,
  signal,
}: BackupOptions): Promise<Manifest> {
  const beside = await mkdtemp(join(dirname(file), besidePrefix)).catch((cause: unknown) => {
    throw unwritable(file, cause);
  });
  try {
    const content = join(beside, 'content');
    await copyState(config.data_dir, content);
    signal?.throwIfAborted();
    if (settings !== null) await writeFile(join(content, settingsName), settings);
    const manifest: Manifest = {
      kind: 'muster-backup',
      format,
      muster: packageVersion,
      site: config.site,
      station: config.station,
      created_at: isoTime(clock.now()),
      files: await filesOf(content, signal),
    };
    await writeFile(join(content, manifestName), `${JSON.stringify(manifest, null, 2)}\n`);
    const archive = join(beside, basename(file));
    await writeArchive(content, [manifestName, ...manifest.files.map(({ path }) => path)], archive);
    await makeDurable(archive);
    await rename(archive, file);
    await syncFolder(dirname(file));
    return manifest;
  } catch (error) {
    throw error instanceof MusterError || signal?.aborted ? error : unwritable(file, error);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function copyState(dataDir: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o700 });
  let copied = 0;
  for (const name of stateFiles) copied += (await copyIfThere(join(dataDir, name), join(to, name))) ? 1 : 0;
  for (const name of await galleriesIn(dataDir)) {
    copied += await copyRevisions(dataDir, to, `gallery/${name}`);
  }
  if (copied > 0) return;
  throw new MusterError('backup_nothing', `there is nothing to back up in ${dataDir}`, {
    remedy: 'Check --config and data_dir. A station that nobody was enrolled in yet has nothing to lose.',
  });
}

async function galleriesIn(dataDir: string): Promise<string[]> {
  const entries = await readdir(join(dataDir, 'gallery'), { withFileTypes: true }).catch(noneWhenMissing);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** A revision that is there is whole. One that is tidied away meanwhile has newer ones: then all are looked at again. */
async function copyRevisions(dataDir: string, to: string, gallery: string): Promise<number> {
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    await mkdir(join(to, gallery), { recursive: true });
    const files = (await readdir(join(dataDir, gallery))).map((name) => `${gallery}/${name}`);
    const revisions = files.filter((file) => filePath.test(file));
    const copied = await Promise.all(
      revisions.map((file) => copyIfThere(join(dataDir, file), join(to, file))),
    );
    if (copied.every(Boolean)) return revisions.length;
    await rm(join(to, gallery), { recursive: true });
  }
  throw new MusterError('backup_busy', `the gallery in ${join(dataDir, gallery)} changes all the time`, {
    remedy: 'Try again when nobody is being enrolled.',
  });
}

async function copyIfThere(from: string, to: string): Promise<boolean> {
  try {
    await copyFile(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function filesOf(folder: string, signal?: AbortSignal): Promise<BackupFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
  const files: BackupFile[] = [];
  for (const path of paths) {
    signal?.throwIfAborted();
    const { sha256, size } = await hashFile(join(folder, path));
    files.push({ path, bytes: size, sha256 });
  }
  return files;
}

async function makeDurable(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.chmod(0o600);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function noneWhenMissing(error: unknown): never[] {
  if (codeOf(error) === 'ENOENT') return [];
  throw error;
}

function unwritable(file: string, cause: unknown): MusterError {
  return new MusterError('backup_unwritable', `the backup ${file} can't be written: ${messageOf(cause)}`, {
    remedy:
      'See that its folder is there, has room, and that this user may write in it and read data_dir: sudo -u muster muster backup …',
    cause,
  });
}
