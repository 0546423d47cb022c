import { createHash } from 'node:crypto';
import {
  mkdir,
  open,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fetch, { type FetchOptions } from 'make-fetch-happen';
import { messageOf, MusterError } from '../lib/errors.ts';
import { diskFull, unwritable } from './model-file.ts';
import { readNpmSettings, type NpmSettings } from './npm-settings.ts';

export interface DownloadOptions {
  /** Default: the proxy and certificates that the user's npm has. */
  readonly settings?: NpmSettings;
  readonly signal?: AbortSignal;
  /** Told how far it is, bytes; `total` is null where the server does not say. */
  readonly onProgress?: (done: number, total: number | null) => void;
  /** A server that says nothing for so long is asked again, ms. */
  readonly idleMs?: number;
  /** Pauses between attempts that got nothing, ms; when they are used up it ends. */
  readonly pausesMs?: readonly number[];
  /** What a person can do about a file of another hash, which is given; default: take it from elsewhere. */
  readonly whenOther?: (found: string) => string;
}

/** A file that is larger is none of ours, bytes. */
const largestFile = 512 * 1024 * 1024;
/** What shall be left on the disk beside the file and what is made of it, bytes. */
const spareBytes = 16 * 1024 * 1024;
const defaultIdleMs = 30_000;
const defaultPausesMs = [500, 2000, 5000];

/** What a server says of an answer, as far as it matters here. */
interface Answer {
  readonly body: AsyncIterable<Buffer>;
  /** Where in the file it begins. */
  readonly from: number;
  /** Of the whole file; null where it is not said. */
  readonly total: number | null;
  readonly etag: string | null;
}

/**
 * Downloads a file of a known SHA-256. What has come lies in `<path>.part`; a download that was cut, in this process or one before,
 * goes on from there if the server still has the same file (its ETag), and begins anew if not. The file is at `path` only when its hash
 * is right; what has another hash is deleted.
 *
 * Throws MusterError `download_failed`, `download_differs`, `disk_full` or `models_unwritable`, each with its remedy; the signal's reason
 * when it aborts.
 */
export async function download(
  url: string,
  path: string,
  sha256: string,
  options: DownloadOptions = {},
): Promise<void> {
  const { signal, pausesMs = defaultPausesMs } = options;
  const part = `${path}.part`;
  const settings = options.settings ?? (await readNpmSettings());
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  const pauses = [...pausesMs];
  for (let whole = false; !whole;) {
    const before = await sizeOf(part);
    try {
      whole = await attempt(url, part, settings, options);
    } catch (error) {
      if (signal?.aborted || error instanceof MusterError) throw error;
      // An attempt that got further was worth it: the next has all its pauses before it.
      if ((await sizeOf(part)) > before) pauses.splice(0, pauses.length, ...pausesMs);
      const pause = pauses.shift();
      if (pause === undefined) throw failed(url, path, error);
      await sleep(pause, undefined, signal ? { signal } : {});
    }
  }
  const found = createHash('sha256')
    .update(await readFile(part))
    .digest('hex');
  await rm(etagFile(part), { force: true });
  if (found === sha256) {
    await rename(part, path);
    return;
  }
  await rm(part, { force: true });
  throw new MusterError(
    'download_differs',
    `${url} is not the file that was wanted: its SHA-256 is ${found} and not ${sha256}. It was deleted.`,
    {
      remedy:
        options.whenOther?.(found) ??
        'It was changed on its way or by its publisher; nothing of it was read. Take the same file from elsewhere.',
    },
  );
}

/** One request. Resolves with whether the file is whole; throws what went wrong. */
async function attempt(
  url: string,
  part: string,
  settings: NpmSettings,
  { signal, onProgress, idleMs = defaultIdleMs }: DownloadOptions,
): Promise<boolean> {
  const idle = new AbortController();
  const timer = setTimeout(() => idle.abort(new Error(`nothing came for ${idleMs / 1000} s`)), idleMs);
  const ends = AbortSignal.any([idle.signal, ...(signal ? [signal] : [])]);
  let file: FileHandle | undefined;
  try {
    const etag = await readFile(etagFile(part), 'utf8').catch(() => null);
    const answer = await ask(url, { from: etag === null ? 0 : await sizeOf(part), etag }, settings, ends);
    await checkRoom(part, answer);
    if (answer.etag === null) await rm(etagFile(part), { force: true });
    else await writeFile(etagFile(part), answer.etag);
    file = await open(part, answer.from === 0 ? 'w' : 'a');
    let done = answer.from;
    for await (const chunk of answer.body) {
      timer.refresh();
      done += chunk.length;
      if (done > largestFile) throw tooLarge(url, done);
      await file.writeFile(chunk);
      onProgress?.(done, answer.total);
    }
    if (answer.total !== null && done < answer.total)
      throw new Error(`it was cut after ${done} of ${answer.total} bytes`);
    return true;
  } catch (error) {
    if (error instanceof MusterError) throw error;
    const write = unwritable(part, error);
    if (write.code === 'disk_full') {
      // The room is needed: a station's events lie on the same disk.
      await file?.truncate().catch(() => undefined);
      await rm(part, { force: true });
      throw write;
    }
    throw idle.signal.aborted ? idle.signal.reason : signal?.aborted ? signal.reason : error;
  } finally {
    clearTimeout(timer);
    await file?.close();
  }
}

/** Asks for the file, or for the rest of it on the condition that it is the one with this ETag. */
async function ask(
  url: string,
  { from, etag }: { readonly from: number; readonly etag: string | null },
  settings: NpmSettings,
  signal: AbortSignal,
): Promise<Answer> {
  const resume = from > 0 && etag !== null;
  const headers = {
    // A compressed body would have other offsets.
    'accept-encoding': 'identity',
    ...(resume ? { range: `bytes=${from}-`, 'if-range': etag } : {}),
  };
  const { proxy, httpsProxy, noProxy, strictSSL, ca } = settings;
  const request = {
    headers,
    signal,
    compress: false,
    cache: 'no-store' as const,
    retry: false as const,
    ...(httpsProxy === undefined && proxy === undefined ? {} : { proxy: httpsProxy ?? proxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
    ...(strictSSL === undefined ? {} : { strictSSL }),
    ...(ca === undefined ? {} : { ca }),
  };
  const response = await fetch(url, request as unknown as FetchOptions);
  const length = wholeOf(response.headers.get('content-length'));
  const fresh = {
    body: response.body as unknown as AsyncIterable<Buffer>,
    etag: strong(response.headers.get('etag')),
  };
  if (response.status === 206) {
    const [, start, total] =
      /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
    if (Number(start) !== from) throw new Error('the server answered with another part than was asked for');
    return { ...fresh, from, total: wholeOf(total ?? null) };
  }
  // It has all of it already: nothing comes after the end.
  if (response.status === 416 && resume) return { ...fresh, body: nothing(), from, total: null, etag };
  if (response.status === 200) return { ...fresh, from: 0, total: length };
  const reason = `the server answered with status ${response.status}`;
  if (response.status >= 500 || response.status === 429) throw new Error(reason);
  throw refused(url, reason);
}

async function* nothing(): AsyncGenerator<Buffer> {}

/** Beside the rest of the file, what is made of it, about as large, must find room. */
async function checkRoom(part: string, { from, total }: Answer): Promise<void> {
  if (total === null) return;
  if (total > largestFile) throw tooLarge(part, total);
  const { bavail, bsize } = await statfs(dirname(part));
  if (bavail * bsize < total - from + total + spareBytes) throw diskFull(part);
}

const etagFile = (part: string) => `${part}.etag`;

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** A weak one does not say that every byte is the same (RFC 9110, 8.8.1). */
const strong = (etag: string | null) => (etag === null || etag.startsWith('W/') ? null : etag);

function wholeOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function elsewhere(path: string): string {
  return `bring the file here from another machine and name it with --from (what has come is kept in ${path}.part)`;
}

function failed(url: string, path: string, error: unknown): MusterError {
  return new MusterError('download_failed', `${url} could not be fetched: ${messageOf(error)}.`, {
    remedy: `Check the network and the proxy (\`npm config get https-proxy\`) and run the command again, which goes on where it stopped; or ${elsewhere(path)}.`,
    cause: error,
  });
}

function refused(url: string, reason: string): MusterError {
  return new MusterError('download_failed', `${url} could not be fetched: ${reason}.`, {
    remedy: 'The file is not there any more: take it from elsewhere and name it with --from <file or URL>.',
  });
}

function tooLarge(what: string, bytes: number): MusterError {
  return new MusterError(
    'download_failed',
    `${what} has more than ${largestFile} bytes (${bytes}): it is no file of weights.`,
  );
}
