import { MappingType, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Section } from '../board.ts';
import { captureCounts } from '../captures.ts';
import { inRange, lately, series } from '../influxql.ts';
import { colours, fixedColour, stat, type PanelFacts } from '../panels.ts';
import * as steps from '../steps.ts';

const tile = { width: 4, height: 4 } as const;

export const now: Section = {
  title: 'Now',
  panels: [
    stat(
      {
        title: 'State',
        description:
          'Up: it sent its health in the last 3 minutes. Silent: it did not; look at power and network.',
        unit: 'none',
        ...tile,
      },
      [
        [null, colours.bad],
        [1, colours.good],
      ],
    )
      .noValue('silent')
      .mappings([rangeIs(1, null, 'up')])
      .withTarget(series(`SELECT count("uptime_s") FROM "health" WHERE ${lately}`, 'state')),
    stat(
      {
        title: 'Accept rate',
        description: 'Share of the captures of the time range that were accepted.',
        unit: 'percent',
        ...tile,
      },
      steps.acceptRate,
    )
      .decimals(1)
      .noValue('no captures')
      .withTarget(series(`SELECT mean("accepted") * 100 FROM "checkin" WHERE ${inRange}`, 'accept rate')),
    captureCounts({ title: 'Captures', ...tile }),
    stat(
      {
        title: 'Similarity',
        description: 'Median cosine similarity of the accepted, and the threshold of the newest decision.',
        unit: 'none',
        ...tile,
      },
      [[null, colours.plain]],
    )
      .decimals(2)
      .noValue('none')
      .withTarget(
        series(
          `SELECT median("similarity") FROM "checkin" WHERE ${inRange} AND "decision" = 'accepted'`,
          'accepted',
        ),
      )
      .withTarget(series(`SELECT last("threshold") FROM "checkin" WHERE ${inRange}`, 'threshold'))
      .overrideByName('threshold', [fixedColour(colours.quiet)]),
    stat(
      {
        title: 'Latency',
        description: 'From the arrival of the whole capture to the decision, over the time range.',
        unit: 'ms',
        ...tile,
      },
      steps.latency,
    )
      .decimals(0)
      .noValue('no captures')
      .withTarget(
        series(
          `SELECT percentile("latency_total_ms", 50) AS "p50", percentile("latency_total_ms", 95) AS "p95" FROM "checkin" WHERE ${inRange}`,
          '[[col]]',
        ),
      ),
    latest(
      'alerts',
      {
        title: 'Alerts',
        description: 'Alerts that it raised in its last health message.',
        unit: 'none',
        ...tile,
      },
      steps.alerts,
    ),
    latest(
      'cpu_temp_c',
      {
        title: 'Temperature',
        description: 'Of the processor. From 80 °C a Raspberry Pi slows itself down.',
        unit: 'celsius',
        ...tile,
      },
      steps.temperature,
    ).decimals(0),
    latest(
      'throttled',
      {
        title: 'Throttled',
        description:
          'Whether it has to slow down, for heat or for too weak a power supply. Empty where the board does not tell.',
        unit: 'none',
        ...tile,
      },
      steps.throttled,
    ).mappings([steps.throttledMapping]),
    latest(
      'outbox_depth',
      {
        title: 'Events waiting',
        description: 'Events in its outbox: decided, on disk, and not acknowledged yet.',
        unit: 'short',
        ...tile,
      },
      steps.outbox,
    ),
    latest(
      'clock_synced',
      {
        title: 'Clock',
        description:
          'Whether the clock is set by the network. Times of events are not to be trusted while it is not.',
        unit: 'none',
        ...tile,
      },
      [
        [null, colours.bad],
        [1, colours.good],
      ],
    ).mappings([
      {
        type: MappingType.ValueToText,
        options: { '0': { text: 'not synced', index: 0 }, '1': { text: 'synced', index: 1 } },
      },
    ]),
    latest(
      'last_capture_age_s',
      {
        title: 'Last capture',
        description:
          'How long before its last health message it took a capture. Long, in working hours: look at the camera or the folder.',
        unit: 's',
        ...tile,
      },
      [[null, colours.plain]],
    ).decimals(0),
    latest(
      'uptime_s',
      {
        title: 'Running for',
        description: 'Since the start of the process. Short again and again: it is being restarted.',
        unit: 's',
        ...tile,
      },
      [
        [null, colours.watch],
        [600, colours.good],
      ],
    ).decimals(1),
  ],
};

/** One field of the newest health message within the time range. */
function latest(field: string, facts: PanelFacts, colouredBy: Parameters<typeof stat>[1]) {
  return stat(facts, colouredBy)
    .noValue('not told')
    .withTarget(series(`SELECT last("${field}") FROM "health" WHERE ${inRange}`, facts.title));
}

function rangeIs(from: number | null, to: number | null, text: string): ValueMapping {
  return { type: MappingType.RangeToText, options: { from, to, result: { text } } };
}
