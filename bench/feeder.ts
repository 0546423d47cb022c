import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Latency } from '../src/telemetry/payloads.ts';
import type { Round } from './load.ts';
import type { BenchStation } from './station.ts';

/** A station without an event for this long is given up, ms. */
const patienceMs = 60_000;
/** 2026-01-01T00:00:00Z, s. Photos of the past need not settle, and their order is that of their times. */
const firstSecond = 1_767_225_600;

export interface Feeder {
  /** Gives the station these captures all at once and waits for the events of all. */
  feed(photos: readonly Buffer[]): Promise<Round<Latency>>;
}

/** Feeds the inbox of a station whose data is in `<dir>/data`. */
export function createFeeder(dir: string, station: BenchStation): Feeder {
  const prepared = join(dir, 'prepared');
  const inbox = join(dir, 'data', 'inbox');
  let fed = 0;
  let latencies: Latency[] = [];
  let arrived = (): void => undefined;
  station.onEvent(({ latency_ms }) => {
    latencies.push(latency_ms);
    arrived();
  });

  return {
    async feed(photos) {
      await mkdir(prepared, { recursive: true });
      const names = photos.map((_, i) => `capture-${fed + i}.jpg`);
      for (const [i, name] of names.entries()) {
        const time = firstSecond + fed + i;
        await writeFile(join(prepared, name), photos[i]!);
        await utimes(join(prepared, name), time, time);
      }
      fed += photos.length;
      latencies = [];
      const started = performance.now();
      for (const name of names) await rename(join(prepared, name), join(inbox, name));
      await events(photos.length);
      return { captures: photos.length, seconds: (performance.now() - started) / 1000, latencies };
    },
  };

  /** Resolves with the last of `count` events. */
  async function events(count: number): Promise<void> {
    while (latencies.length < count) {
      await new Promise<void>((resolve, reject) => {
        const late = () => reject(new Error(`no event for ${patienceMs / 1000} s; are all photos sound?`));
        const timer = setTimeout(late, patienceMs);
        arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
