import type { Section } from '../board.ts';
import { inRange, series } from '../influxql.ts';
import { colours, fixedColour, lines, unitIs, type PanelFacts, type Steps } from '../panels.ts';
import * as steps from '../steps.ts';

const third = { width: 8, height: 7 } as const;
const right = [{ id: 'custom.axisPlacement', value: 'right' }];

export const health: Section = {
  title: 'Health',
  panels: [
    lines(
      {
        title: 'Temperature and throttling',
        description:
          'Of the processor; on the right, whether it had to slow down (1), for heat or for too weak a power supply.',
        unit: 'celsius',
        ...third,
      },
      'CPU',
      steps.temperature,
    )
      .decimals(0)
      .interval('1m')
      .withTarget(overTime('max("cpu_temp_c") AS "CPU", max("throttled") AS "throttled"'))
      .overrideByName('throttled', [
        fixedColour(colours.bad),
        unitIs('none'),
        ...right,
        { id: 'custom.axisLabel', value: 'throttled' },
        { id: 'min', value: 0 },
        { id: 'max', value: 1 },
        { id: 'custom.lineInterpolation', value: 'stepAfter' },
        { id: 'custom.fillOpacity', value: 20 },
        { id: 'custom.thresholdsStyle', value: { mode: 'off' } },
      ]),
    figure(
      {
        title: 'Outbox',
        description:
          'Events on disk that nobody has acknowledged yet, and on the right the age of the oldest. Both grow while the network is down and fall when it is back.',
        unit: 'short',
        ...third,
      },
      'events waiting',
      'max("outbox_depth") AS "events", max("outbox_oldest_age_s") AS "oldest"',
    )
      .decimals(0)
      .overrideByName('oldest', [
        fixedColour(colours.watch),
        unitIs('s'),
        ...right,
        { id: 'custom.axisLabel', value: 'age of the oldest' },
      ]),
    figure(
      {
        title: 'Alerts over time',
        description: 'Number of alerts raised. Their names are in the Stations table of the Fleet dashboard.',
        unit: 'none',
        ...third,
      },
      'alerts',
      'max("alerts") AS "alerts"',
      steps.alerts,
    )
      .decimals(0)
      .overrideByName('alerts', [{ id: 'custom.lineInterpolation', value: 'stepAfter' }]),
    figure(
      {
        title: 'Memory',
        description:
          'Used by the station, and free on the board. Free that sinks for days: a leak, or another program.',
        unit: 'mbytes',
        ...third,
      },
      'memory',
      'max("memory_rss_mb") AS "station", min("memory_free_mb") AS "free"',
    ),
    figure(
      {
        title: 'Disk',
        description:
          'Free where the data folder is. Events and captures wait there while the network is down.',
        unit: 'mbytes',
        ...third,
      },
      'disk',
      'min("disk_free_mb") AS "free"',
    ),
    figure(
      {
        title: 'Load and event loop',
        description:
          'Mean number of processes that wanted a core in the last minute; on the right the p99 delay of the main thread, which keeps MQTT and the watchdog alive.',
        unit: 'none',
        ...third,
      },
      'load',
      'max("load_1m") AS "load", max("event_loop_p99_ms") AS "event loop"',
    ).overrideByName('event loop', [
      fixedColour(colours.watch),
      unitIs('ms'),
      ...right,
      { id: 'custom.axisLabel', value: 'event loop delay, p99' },
    ]),
  ],
};

function figure(facts: PanelFacts, axis: string, columns: string, colouredBy?: Steps) {
  return lines(facts, axis, colouredBy).min(0).interval('1m').withTarget(overTime(columns));
}

function overTime(columns: string) {
  return series(
    `SELECT ${columns} FROM "health" WHERE ${inRange} GROUP BY time($__interval) fill(none)`,
    '[[col]]',
  );
}
