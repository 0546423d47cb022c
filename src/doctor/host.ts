import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, readdir, statfs } from 'node:fs/promises';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemClock, type EpochMs } from '../lib/clock.ts';

/** The machine as the checks see it, so that a test can give them another one. */
export interface Host {
  readonly platform: string;
  readonly arch: string;
  readonly nodeVersion: string;
  /** Of the C library, `2.41`; null where it is another one, such as musl. */
  readonly glibc: string | null;
  readonly cores: number;
  readonly cpu: string;
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number };
  now(): EpochMs;
  /** A file's text without blanks around it; null where it can't be read. */
  read(path: string): Promise<string | null>;
  /** Names in a folder; empty where there is none. */
  list(path: string): Promise<readonly string[]>;
  mayWrite(path: string): Promise<boolean>;
  room(path: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number } | null>;
  /** What a program writes to standard output; null where it is missing or fails. */
  run(program: string, args: readonly string[]): Promise<string | null>;
}

const run = promisify(execFile);
const programMs = 5_000;

/**
 * This machine.
 *
 * @param root stands for `/` in the paths of /proc, /sys and /etc
 */
export function createHost(root = '/'): Host {
  const at = (path: string) => (/^\/(proc|sys|etc|dev)\//.test(path) ? join(root, path) : path);
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return {
    platform: process.platform,
    arch: process.arch,
    nodeVersion: process.versions.node,
    glibc: header?.glibcVersionRuntime ?? null,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memory: { totalBytes: totalmem(), availableBytes: freemem() },
    now: () => systemClock.now(),
    read: async (path) =>
      (await readFile(at(path), 'utf8').catch(() => null))?.replaceAll('\0', '').trim() ?? null,
    list: (path) => readdir(at(path)).catch((): string[] => []),
    mayWrite: (path) =>
      access(path, constants.W_OK).then(
        () => true,
        () => false,
      ),
    async room(path) {
      const disk = await statfs(path).catch(() => null);
      return disk && { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize };
    },
    async run(program, args) {
      try {
        return (await run(program, [...args], { timeout: programMs })).stdout.trim();
      } catch (error) {
        // A program may say what is asked and end with another status, as systemctl does.
        const { stdout, code } = error as { stdout?: string; code?: unknown };
        return typeof code === 'number' && stdout !== undefined && stdout !== '' ? stdout.trim() : null;
      }
    },
  };
}
