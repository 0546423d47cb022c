import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CaptureSource, PhotoCapture } from '../capture/contract.ts';
import { createBell } from '../lib/bell.ts';
import type { Clock, EpochMs } from '../lib/clock.ts';
import { writeWhole } from '../lib/write-whole.ts';
import { sceneAt, writeScene } from './scene.ts';

export interface VirtualSourceOptions {
  /** When each capture is taken, ascending. */
  readonly times: readonly EpochMs[];
  readonly seed: number;
  readonly people: number;
  /** Remembers up to where everything is settled, as an inbox forgets its photos. */
  readonly cursorFile: string;
  readonly clock: Clock;
  /** Real time for each unit of the fleet's. */
  readonly timeScale: number;
}

/** Between two writings of the cursor, captures. After a crash so many are offered again at the most, and found decided. */
const cursorEvery = 500;
/** How long a capture that was put off waits, ms. */
const laterMs = 200;

/**
 * A camera that doesn't exist: gives the scenes of a virtual door when their time has come, at once where it has passed. Each is
 * offered until it is settled; the captures end when all are.
 */
export function createVirtualSource(options: VirtualSourceOptions): CaptureSource {
  const { times, seed, clock, cursorFile } = options;
  const again: number[] = [];
  const settledAhead = new Set<number>();
  /** The captures that the cursor counts. */
  const plan = [seed, options.people, times.length, times[0], times.at(-1)].join(':');
  let cursor = 0;
  let underWay = 0;
  const news = createBell();

  return {
    async open() {
      const [of, at] = (await readFile(cursorFile, 'utf8').catch(() => '')).split(' ');
      cursor = of === plan ? Number(at) : 0;
    },
    rescan: () => Promise.resolve(underWay),
    async *captures(signal) {
      // By a clock that is not set: one that is stepped back must not hold everything up.
      const offset = clock.now() - clock.monotonic();
      const isLeft = () => cursor < times.length;
      for (let next = cursor; isLeft() && !signal.aborted;) {
        const put = again.shift();
        const index = put ?? next;
        if (put === undefined) next += 1;
        if (index >= times.length) {
          next = times.length;
          await Promise.race([news.next(), pause(laterMs, signal)]);
          continue;
        }
        const wait = (times[index]! - offset - clock.monotonic()) * options.timeScale;
        if (wait > 0) await pause(wait, signal);
        if (signal.aborted) return;
        underWay += 1;
        yield captureAt(index, signal);
      }
    },
  };

  function captureAt(index: number, signal: AbortSignal): PhotoCapture {
    const time = times[index]!;
    const photo = writeScene(sceneAt(index, time, seed, options.people));
    return {
      kind: 'photo',
      name: `scene-${index}`,
      photo,
      sha256: createHash('sha256').update(photo).digest('hex'),
      capturedAt: time,
      arrivedAt: clock.monotonic(),
      async settle({ kind }) {
        underWay -= 1;
        if (kind === 'later') await pause(laterMs, signal).then(() => again.push(index));
        else await settled(index);
        news.ring();
      },
    };
  }

  async function settled(index: number): Promise<void> {
    settledAhead.add(index);
    while (settledAhead.delete(cursor)) {
      cursor += 1;
      if (cursor % cursorEvery === 0 || cursor === times.length)
        await writeWhole(cursorFile, `${plan} ${cursor}`);
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
