import { mkdir, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isoTime, type Clock } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';

/** A message that can't become a point. */
export interface DeadLetter {
  readonly topic: string;
  readonly payload: Buffer;
  readonly reason: string;
}

export interface DeadLetters {
  /** Makes the folder and looks at what is in it. */
  open(): Promise<void>;
  /** Resolves when the message is on disk. Never rejects: without a disk the message is only counted. */
  keep(letter: DeadLetter): Promise<void>;
  /** Resolves when all of them are on disk. */
  settled(): Promise<void>;
}

export interface DeadLetterOptions {
  readonly dir: string;
  readonly maxFiles: number;
  readonly maxBytes: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Of a payload so much is kept: a hostile one must not drive the others out. */
const keptPayloadBytes = 64 * 1024;
/** After the first line in the log, one in this time with a count, ms. */
const logEveryMs = 60_000;
/** The names of its files. */
export const deadLetterName = /^\d{13}-\d{6}\.json$/;

/**
 * A folder with a JSON file for each message: `{topic, reason, ts, bytes, encoding, payload}`. The oldest go first when there are too
 * many or they are too large. The payload never goes to the log.
 */
export function createDeadLetters({ dir, maxFiles, maxBytes, clock, log }: DeadLetterOptions): DeadLetters {
  const files: { name: string; bytes: number }[] = [];
  let total = 0;
  let serial = 0;
  let work: Promise<void> = Promise.resolve();
  let unlogged = 0;
  let loggedAt: number | null = null;

  return {
    async open() {
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 });
        for (const name of (await readdir(dir)).filter((one) => deadLetterName.test(one)).toSorted()) {
          const { size } = await stat(join(dir, name));
          files.push({ name, bytes: size });
          total += size;
        }
        await makeRoom();
      } catch (error) {
        log.error({ reason: messageOf(error) }, `the folder for dead letters can't be used: ${dir}`);
      }
    },
    keep(letter) {
      tell(letter);
      work = work.then(() => write(letter)).catch(failed);
      return work;
    },
    settled: () => work,
  };

  async function write({ topic, payload, reason }: DeadLetter): Promise<void> {
    const now = clock.now();
    const name = `${String(now).padStart(13, '0')}-${String((serial += 1) % 1_000_000).padStart(6, '0')}.json`;
    const kept = payload.subarray(0, keptPayloadBytes);
    const text = kept.toString();
    const isText = Buffer.from(text).equals(kept);
    const content = JSON.stringify({
      topic: topic.slice(0, 1024),
      reason,
      ts: isoTime(now),
      bytes: payload.length,
      encoding: isText ? 'utf8' : 'base64',
      payload: isText ? text : kept.toString('base64'),
    });
    // Whole or not at all: a reader must not meet half a file.
    const part = join(dir, `.${name}.part`);
    await writeFile(part, content, { mode: 0o600 });
    const bytes = Buffer.byteLength(content);
    // Before it is there: at no moment are there more than the bounds say.
    await makeRoom(1, bytes);
    await rename(part, join(dir, name));
    files.push({ name, bytes });
    total += bytes;
  }

  /** For so many files to come, of so many bytes. */
  async function makeRoom(coming = 0, bytes = 0): Promise<void> {
    const tooMany = () => files.length + coming > maxFiles;
    const tooLarge = () => total + bytes > maxBytes && files.length + coming > 1;
    while (tooMany() || tooLarge()) {
      const oldest = files.shift();
      if (oldest === undefined) return;
      total -= oldest.bytes;
      await unlink(join(dir, oldest.name)).catch(() => undefined);
    }
  }

  function failed(error: unknown): void {
    log.error({ reason: messageOf(error) }, 'a dead letter could not be kept');
  }

  function tell({ topic, reason }: DeadLetter): void {
    unlogged += 1;
    const now = clock.monotonic();
    if (loggedAt !== null && now - loggedAt < logEveryMs) return;
    const more = unlogged === 1 ? {} : { messages: unlogged };
    log.warn({ topic: topic.slice(0, 128), reason, ...more }, 'a message went to the dead letters');
    unlogged = 0;
    loggedAt = now;
  }
}
