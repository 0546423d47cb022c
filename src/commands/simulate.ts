import { InvalidArgumentError, Option } from 'commander';
import { systemClock } from '../lib/clock.ts';
import type { DefineVerb } from './context.ts';
import { numberWithin, wholeNumber } from './option-values.ts';

interface SimulateOptions {
  readonly stations: number;
  readonly rate: number;
  readonly duration: number;
  readonly seed: number;
  readonly from?: number;
  readonly speed: number;
  readonly people: number;
  readonly dropouts: number;
  readonly json?: boolean;
}

export const defineSimulate: DefineVerb = (verb, context) => {
  verb
    .option('--stations <n>', 'how many', wholeNumber(1, 1000), 3)
    .option('--rate <events/s>', 'mean captures per second and station', numberWithin(0.0001, 1000), 0.2)
    .option('--duration <s>', "seconds of the fleet's time", numberWithin(1, 31_536_000), 600)
    .option('--seed <n>', 'the same seed makes the same captures', wholeNumber(0, 2 ** 31), 1)
    .addOption(new Option('--from <time>', 'when it begins, ISO 8601; default now').argParser(time))
    .option('--speed <n>', "how much faster the fleet's clock runs than ours", numberWithin(1, 100_000), 1)
    .option('--people <n>', 'people enrolled at the site', wholeNumber(1, 100_000), 200)
    .option('--dropouts <n>', 'mean times a day that a station has no network', numberWithin(0, 1000), 2)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
The stations sim-1, sim-2, … have no camera and no models: what comes to their doors is invented (peaks of arrival, strangers, bad
light, blur, groups), and from the matching on they are real stations with outboxes of their own below <data_dir>/simulate. They
publish to mqtt.url, or to a broker that runs as long as they do. Captures that are due already when it starts come at once. It ends
when every event is delivered, or with SIGINT.

JSON: {"stations", "captures", "accepted", "rejected", "undelivered", "seconds"}.

Examples:
  muster simulate
  muster simulate --stations 20 --rate 0.05 --from 2026-11-23T06:00:00Z --duration 50400 --speed 120
  MUSTER_MQTT__URL=mqtt://broker.local muster simulate --stations 200 --rate 1 --duration 300 --json`,
    )
    .action(async ({ json, duration, dropouts, from, ...fleet }: SimulateOptions) => {
      const config = await context.config();
      const { runFleet } = await import('../simulate/fleet.ts');
      const result = await runFleet(
        {
          ...fleet,
          config,
          durationMs: duration * 1000,
          dropoutsPerDay: dropouts,
          from: from ?? systemClock.now(),
          log: await context.log(),
          random: Math.random,
        },
        context.signal,
      );
      const { stations, captures, accepted, rejected, undelivered, seconds } = result;
      const perSecond = (captures / seconds).toFixed(1);
      context.print(
        json === true
          ? JSON.stringify(result)
          : `${stations} stations decided ${captures} captures in ${seconds.toFixed(1)} s (${perSecond} per second): ` +
              `${accepted} accepted, ${rejected} rejected; ${undelivered} events not delivered.`,
      );
    });
};

function time(text: string): number {
  const value = Date.parse(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('It must be a time such as 2026-11-23T06:00:00Z.');
  return value;
}
