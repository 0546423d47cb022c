import { isUtf8 } from 'node:buffer';
import type { BigIntStats } from 'node:fs';
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clock } from '../lib/clock.ts';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { CaptureOutcome, CaptureSource, PhotoCapture } from './contract.ts';
import { type FileKind, fileKind } from './file-kind.ts';
import {
  finishDecided,
  finishFailed,
  putBackUnfinished,
  type Failure,
  type SettleFolders,
} from './settle.ts';
import { readPhoto, sha256 } from './read-photo.ts';
import { giveReadableName } from './readable-name.ts';
import { createWaitingFiles, type FileVersion, type WaitingFile } from './waiting.ts';
import { createFolderWatch } from './watch.ts';

export interface FolderOptions extends SettleFolders {
  readonly path: string;
  readonly polling: boolean;
  readonly pollIntervalMs: number;
  /** A file is read once its size and time have not changed for this long, ms. */
  readonly stableMs: number;
  /** A file that can't be decoded may still be growing: it is set aside only this long after its last change, ms. */
  readonly graceMs: number;
  /** The folder is listed again this often, for what the watch missed, ms. */
  readonly rescanMs: number;
  readonly maxBytes: number;
  /** Asked with each decided photo: where it says no, the photo is deleted although `after` is keep. */
  readonly mayKeep?: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** A file was set aside. */
  readonly onFailed: (failure: Failure) => void;
  /** The folder could not be read or a file could not be moved (null: it works again). Names no file: a name may be a person's. */
  readonly onTrouble: (message: string | null) => void;
}

/**
 * Captures from a folder, by arrival in it: what is there already, then what is written or renamed into it,
 * the oldest first. A file stays where it is until its capture is settled, so that a crash loses none.
 */
export function createFolderSource(options: FolderOptions): CaptureSource<PhotoCapture> {
  const { path: dir, clock, log } = options;
  let rescanNow: (() => Promise<number>) | null = null;

  return {
    rescan: async () => (await rescanNow?.()) ?? 0,

    open,

    async *captures(signal) {
      const waiting = createWaitingFiles({ stableMs: options.stableMs, clock, versionOf });
      /** Files that could not be moved away: not offered again unless they change. */
      const stuck = new Map<string, string>();
      /** What is being refused: the watch and the scan may both have found it. */
      const refusing = new Set<string>();
      const notice = async (path: string) => {
        await consider(path);
        // Many may come before the first of them is decided.
        await watch.adapt();
      };
      const trouble = (error: unknown) =>
        options.onTrouble(`the capture folder ${dir} can't be watched: ${messageOf(error)}`);
      const watch = createFolderWatch({
        ...options,
        dir,
        backlog: () => waiting.backlog(),
        onFile: (path) => void notice(path),
        // A file that appears between the two would else be seen only by the next rescan.
        onWatching: () => void scan(),
        onError: trouble,
      });
      const rescan = setInterval(() => void scan(), options.rescanMs);
      rescanNow = async () => {
        await scan();
        return waiting.count();
      };
      const stop = () => waiting.close();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      try {
        await scan();
        for (;;) {
          await watch.adapt();
          const file = await waiting.next();
          if (file === null) return;
          const capture = await read(file);
          if (capture === null) waiting.release(file.path);
          else yield capture;
        }
      } finally {
        signal.removeEventListener('abort', stop);
        clearInterval(rescan);
        rescanNow = null;
        waiting.close();
        await watch.close();
      }

      async function scan(): Promise<void> {
        try {
          for (const name of await readdir(dir, { encoding: 'buffer' })) {
            if (isUtf8(name)) await consider(join(dir, name.toString()));
            else await giveReadableName(dir, name, options.maxBytes);
          }
          if (stuck.size === 0) options.onTrouble(null);
        } catch (error) {
          options.onTrouble(`the capture folder ${dir} can't be read: ${messageOf(error)}`);
        }
      }

      async function consider(path: string): Promise<void> {
        try {
          if (waiting.has(path)) return;
          const stats = await lstat(path, { bigint: true });
          // Asked again: the watch and the scan may have met over this file.
          if (signal.aborted || waiting.has(path) || stuck.get(path) === versionKey(stats)) return;
          stuck.delete(path);
          const what = kindOf(path, stats);
          if (what.kind === 'photo') waiting.add(path, version(stats));
          // A file that is still growing may be refused when it is whole; its name and size tell enough already.
          if (what.kind === 'refused' && !refusing.has(path)) {
            refusing.add(path);
            await setAside(path, version(stats), what).finally(() => refusing.delete(path));
          }
        } catch (error) {
          if (codeOf(error) !== 'ENOENT')
            log.warn({ code: codeOf(error) }, 'a file of the capture folder was passed over');
        }
      }

      function kindOf(path: string, stats: BigIntStats): FileKind {
        const facts = { isFile: () => stats.isFile(), isSymbolicLink: () => stats.isSymbolicLink() };
        return fileKind(basename(path), { ...facts, size: Number(stats.size) }, options.maxBytes);
      }

      async function read({ path, arrivedAt }: WaitingFile): Promise<PhotoCapture | null> {
        try {
          const { photo, stats } = await readPhoto(path, options.maxBytes);
          // It may have been small enough when it was found.
          const what = kindOf(path, stats);
          if (what.kind === 'refused') await setAside(path, version(stats), what);
          if (what.kind !== 'photo') return null;
          return {
            kind: 'photo',
            name: basename(path),
            photo,
            sha256: await sha256(photo),
            capturedAt: Number(stats.mtimeNs / 1_000_000n),
            arrivedAt,
            settle: (outcome) => settle(path, version(stats), outcome),
          };
        } catch (error) {
          // ELOOP: a link took the file's place since it was looked at.
          if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ELOOP') return null;
          await setAside(path, await versionOf(path), {
            code: 'unreadable',
            message: `the file can't be read (${codeOf(error) ?? 'no reason given'})`,
          });
          return null;
        }
      }

      async function settle(path: string, taken: FileVersion, outcome: CaptureOutcome): Promise<void> {
        if (outcome.kind === 'decided') {
          const after = options.mayKeep?.() === false ? 'delete' : options.after;
          await attempt(path, () => finishDecided(path, { ...options, after }, isVersion(taken)));
          waiting.release(path);
          await consider(path);
        } else if (outcome.kind === 'failed') {
          const age = clock.now() - taken.mtimeMs;
          if (age >= options.graceMs || age < 0) await setAside(path, taken, outcome);
          else waiting.later(path, options.graceMs - age, () => giveUp(path, taken, outcome));
        } else {
          waiting.later(path, options.rescanMs, () => giveBack(path));
        }
      }

      async function giveUp(path: string, taken: FileVersion, failure: Failure): Promise<void> {
        if (same(await versionOf(path), taken)) await setAside(path, taken, failure);
        else await giveBack(path);
      }

      async function giveBack(path: string): Promise<void> {
        waiting.release(path);
        await consider(path);
      }

      async function setAside(path: string, taken: FileVersion | null, failure: Failure): Promise<void> {
        if (same(await versionOf(path), taken)) {
          const done = await attempt(path, () => finishFailed(path, failure, options, clock));
          if (done) options.onFailed(failure);
          log.warn({ code: failure.code }, `a file was set aside in ${options.failed}: ${failure.message}`);
        }
        waiting.release(path);
      }

      async function attempt(path: string, work: () => Promise<void>): Promise<boolean> {
        try {
          await work();
          return true;
        } catch (error) {
          const found = await lstat(path, { bigint: true }).catch(() => null);
          if (found !== null) stuck.set(path, versionKey(found));
          options.onTrouble(
            `a file can't be moved out of the capture folder ${dir} (${codeOf(error) ?? 'no reason given'})`,
          );
          return false;
        }
      }
    },
  };

  async function open(): Promise<void> {
    try {
      await mkdir(dir, { recursive: true });
      await putBackUnfinished(dir);
    } catch (error) {
      throw new MusterError(
        'capture_folder',
        `the capture folder ${dir} can't be used: ${messageOf(error)}`,
        {
          remedy: 'Check capture.folder.path, and that the user that runs Muster may read and write it.',
          cause: error,
        },
      );
    }
  }
}

async function versionOf(path: string): Promise<FileVersion | null> {
  const stats = await lstat(path, { bigint: true }).catch(() => null);
  return stats === null ? null : version(stats);
}

/** Tells whether a file is the version that was read. One that was written anew since is another capture. */
function isVersion(read: FileVersion): (path: string) => Promise<boolean> {
  return async (path) => same(await versionOf(path), read);
}

function version(stats: BigIntStats): FileVersion {
  return { key: versionKey(stats), mtimeMs: Number(stats.mtimeNs / 1_000_000n) };
}

function versionKey(stats: BigIntStats): string {
  return `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

function same(a: FileVersion | null, b: FileVersion | null): boolean {
  return a !== null && a.key === b?.key;
}
