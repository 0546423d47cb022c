import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { createEmbeddedBroker } from '../broker/embedded.ts';
import type { Config } from '../config/schema.ts';
import { isoTime, type EpochMs } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { seededRandom } from '../lib/random.ts';
import { fleetClock } from './clock.ts';
import { arrivals } from './day.ts';
import { inventPeople } from './people.ts';
import { runVirtualStation, type Dropout } from './station.ts';

export interface FleetOptions {
  /** Site, broker, outbox and intervals of every station; each gets a data_dir of its own below this one's. */
  readonly config: Config;
  readonly stations: number;
  /** Mean captures per second and station. */
  readonly rate: number;
  readonly durationMs: number;
  readonly seed: number;
  readonly from: EpochMs;
  /** How much faster than real time the fleet lives. */
  readonly speed: number;
  /** People enrolled at the site. */
  readonly people: number;
  /** Mean times without network per station and day. */
  readonly dropoutsPerDay: number;
  readonly log: Log;
  readonly random: () => number;
}

export interface FleetResult {
  readonly stations: number;
  readonly captures: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Events that no broker had taken at the end. */
  readonly undelivered: number;
  readonly seconds: number;
}

const dayMs = 86_400_000;
/** Over which the stations of a fleet come up, ms: so many connections at once would be a load of another kind. */
const startWithinMs = 2_000;
/** A station is this share of the time busy at the most. */
const busiest = 0.4;
/** One capture with one face on the slowness 1, ms. */
const captureMs = 56;

/**
 * Runs a fleet of virtual stations inside this process until their captures are delivered or the signal aborts. Without `mqtt.url` it
 * runs a broker for them. The same options make the same captures.
 */
export async function runFleet(options: FleetOptions, signal: AbortSignal): Promise<FleetResult> {
  const { config, stations, seed, from, speed, log } = options;
  const broker = config.mqtt.url === null ? createEmbeddedBroker({ ...config.mqtt.embedded, log }) : null;
  await broker?.start();
  // Every station listens to it.
  setMaxListeners(0, signal);
  // Each decision of each station is a line at the level info: too much of a good thing.
  const stationLevel = log.level === 'info' ? 'warn' : log.level;
  const captures = stations * capturesEach(options);
  log.info(
    { stations, captures, from: isoTime(from), speed },
    'the fleet begins; it ends when every event is delivered',
  );
  const clock = fleetClock(from, speed);
  const started = performance.now();
  try {
    const people = await inventPeople(options.people, seed);
    const runs = Array.from({ length: stations }, async (_, i) => {
      await sleep((startWithinMs * i) / stations, undefined, { signal }).catch(() => undefined);
      const station = `sim-${i + 1}`;
      const random = seededRandom(Math.imul(seed, 7919) + i);
      const character = random();
      const count = capturesEach(options);
      const window = { from, durationMs: options.durationMs };
      const dropouts = dropoutsOf(options, random);
      return await runVirtualStation(
        {
          config: {
            ...config,
            station,
            data_dir: join(config.data_dir, 'simulate', station),
            mqtt: { ...config.mqtt, url: broker?.url() ?? config.mqtt.url, client_id: null },
          },
          times: arrivals({ ...window, count }, random),
          seed: Math.imul(seed, 104_729) + i,
          people,
          dropouts,
          character,
          slowness: Math.min(1 + 2 * character, (1000 * busiest) / (captureMs * options.rate)),
          timeScale: 1 / speed,
          clock,
          log: log.child({ station }, { level: stationLevel }),
          random: options.random,
        },
        signal,
      );
    });
    const results = await Promise.all(runs);
    const sum = (of: (result: (typeof results)[number]) => number) =>
      results.reduce((total, each) => total + of(each), 0);
    return {
      stations,
      captures: sum(({ totals }) => totals.captures),
      accepted: sum(({ totals }) => totals.accepted),
      rejected: sum(({ totals }) => totals.rejected),
      undelivered: sum(({ undelivered }) => undelivered),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await broker?.close();
  }
}

function capturesEach({ rate, durationMs }: FleetOptions): number {
  return Math.round((rate * durationMs) / 1000);
}

/** One to twenty minutes each. */
function dropoutsOf({ from, durationMs, dropoutsPerDay }: FleetOptions, random: () => number): Dropout[] {
  const expected = (dropoutsPerDay * durationMs) / dayMs;
  const count = Math.floor(expected) + (random() < expected % 1 ? 1 : 0);
  return Array.from({ length: count }, () => {
    const begin = from + random() * durationMs;
    return { from: begin, to: begin + 60_000 * (1 + 19 * random()) };
  });
}
