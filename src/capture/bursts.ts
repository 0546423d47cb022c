import { lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, EpochMs } from '../lib/clock.ts';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { BurstCapture, CaptureOutcome, CaptureSource } from './contract.ts';
import { fileKind } from './file-kind.ts';
import { readPhoto, sha256 } from './read-photo.ts';
import { moveInto, type Failure } from './settle.ts';

export interface BurstOptions {
  /** Each folder in it is a burst. */
  readonly path: string;
  readonly after: 'delete' | 'keep';
  readonly done: string;
  readonly failed: string;
  /** A burst is taken when nothing in it has changed for this long, ms. */
  readonly settleMs: number;
  /** Of a photo. */
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked with each decided burst: where it says no, it is deleted although `after` is keep. */
  readonly mayKeep?: () => boolean;
  /** A burst was set aside. */
  readonly onFailed: (failure: Failure) => void;
  /** The folder could not be read, or a burst not be moved (null: it works again). */
  readonly onTrouble: (message: string | null) => void;
}

/** Between two looks at the folder, which is empty most of the time, ms. */
const lookMs = 250;
/** Photos of a burst that count. */
const maxPhotos = 30;
/** Of all photos of a burst together. */
const maxBurstBytes = 128 * 2 ** 20;
/** The pause before a burst is offered again that could not be decided, ms. */
const laterMs = 5_000;

interface Burst {
  readonly name: string;
  /** Of its photos, in the order of their names. */
  readonly files: readonly string[];
  /** Changes with everything in it. */
  readonly version: string;
  /** When its newest photo was written. */
  readonly time: EpochMs;
}

/**
 * Captures from folders: the photos of one visit, which were put there together. The oldest burst first. A burst stays where it is until it is
 * settled, so that a crash loses none; it is looked for at intervals, which works on network drives too.
 */
export function createBurstSource(options: BurstOptions): CaptureSource<BurstCapture> {
  const { path: dir, clock, log } = options;
  /** What each burst looked like, and since when (monotonic ms). */
  const seen = new Map<string, { readonly version: string; readonly since: number }>();
  /** Under way, or put off. */
  const held = new Set<string>();
  let isRunning = false;

  return {
    async open() {
      try {
        await mkdir(dir, { recursive: true });
      } catch (error) {
        throw new MusterError(
          'capture_folder',
          `the folder of bursts ${dir} can't be used: ${messageOf(error)}`,
          {
            remedy: 'Check capture.bursts.path, and that the user that runs Muster may read and write it.',
          },
        );
      }
    },
    rescan: async () => (isRunning ? (await list()).length : 0),
    async *captures(signal) {
      isRunning = true;
      try {
        while (!signal.aborted) {
          for (const burst of await settledBursts()) {
            if (signal.aborted) return;
            const capture = await read(burst);
            if (capture !== null) yield capture;
          }
          await sleep(lookMs, undefined, { signal }).catch(() => undefined);
        }
      } finally {
        isRunning = false;
      }
    },
  };

  async function list(): Promise<readonly Burst[]> {
    try {
      const names = (await readdir(dir, { withFileTypes: true }))
        .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
        .map(({ name }) => name)
        .filter((name) => ![options.done, options.failed].includes(join(dir, name)));
      const bursts = await Promise.all(names.map(inspect));
      options.onTrouble(null);
      return bursts.filter((burst) => burst !== null).toSorted((a, b) => a.time - b.time);
    } catch (error) {
      options.onTrouble(`the folder of bursts ${dir} can't be read: ${messageOf(error)}`);
      return [];
    }
  }

  /** Null: it has gone. */
  async function inspect(name: string): Promise<Burst | null> {
    try {
      const names = (await readdir(join(dir, name))).toSorted();
      const stats = await Promise.all(names.map((file) => lstat(join(dir, name, file))));
      const photos = names.filter((file, i) => fileKind(file, stats[i]!, options.maxBytes).kind === 'photo');
      const times = stats
        .filter((_, i) => photos.includes(names[i]!))
        .map(({ mtimeMs }) => Math.trunc(mtimeMs));
      const folder = await lstat(join(dir, name));
      return {
        name,
        files: photos.slice(0, maxPhotos),
        version: JSON.stringify([names, stats.map(({ size, mtimeMs, ino }) => [size, mtimeMs, ino])]),
        time: times.length === 0 ? Math.trunc(folder.mtimeMs) : Math.max(...times),
      };
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null;
      throw error;
    }
  }

  /** Those in which nothing has changed for a while. */
  async function settledBursts(): Promise<readonly Burst[]> {
    const now = clock.monotonic();
    const bursts = (await list()).filter(({ name }) => !held.has(name));
    for (const name of seen.keys()) if (bursts.every((one) => one.name !== name)) seen.delete(name);
    return bursts.filter(({ name, version }) => {
      const before = seen.get(name);
      if (before?.version === version) return now - before.since >= options.settleMs;
      seen.set(name, { version, since: now });
      return false;
    });
  }

  async function read(burst: Burst): Promise<BurstCapture | null> {
    held.add(burst.name);
    const arrivedAt = clock.monotonic();
    const photos: Uint8Array[] = [];
    const hashes: string[] = [];
    let bytes = 0;
    try {
      for (const file of burst.files) {
        const { photo } = await readPhoto(join(dir, burst.name, file), options.maxBytes);
        bytes += photo.length;
        if (bytes > maxBurstBytes) break;
        hashes.push(await sha256(photo));
        photos.push(photo);
      }
    } catch (error) {
      log.warn({ code: codeOf(error) }, 'a photo of a burst could not be read');
    }
    if (photos.length === 0) {
      const message = 'there is no photo in it that can be read';
      await settle(burst.name, { kind: 'failed', code: 'no_photos', message });
      return null;
    }
    return {
      kind: 'burst',
      name: burst.name,
      photos,
      sha256: await sha256(Buffer.from(hashes.join(' '))),
      capturedAt: burst.time,
      arrivedAt,
      settle: (outcome) => settle(burst.name, outcome),
    };
  }

  async function settle(name: string, outcome: CaptureOutcome): Promise<void> {
    const path = join(dir, name);
    let isGone = outcome.kind !== 'later';
    try {
      if (outcome.kind === 'failed') {
        await moveInto(options.failed, path, name);
        options.onFailed(outcome);
        log.warn({ code: outcome.code }, `a burst was set aside in ${options.failed}: ${outcome.message}`);
      } else if (outcome.kind === 'decided') {
        const keeps = options.after === 'keep' && options.mayKeep?.() !== false;
        if (keeps) await moveInto(options.done, path, name);
        else await rm(path, { recursive: true, force: true });
      }
    } catch (error) {
      options.onTrouble(`a burst can't be moved out of ${dir} (${codeOf(error) ?? 'no reason given'})`);
      isGone = false;
    }
    // One that could not be moved is found decided the next time.
    if (isGone) held.delete(name);
    else setTimeout(() => held.delete(name), laterMs).unref();
  }
}
