import { linkFromTags, type Section } from '../board.ts';
import { inRange, perStation, series, stationName } from '../influxql.ts';
import { lines, timeline } from '../panels.ts';
import * as steps from '../steps.ts';

export const health: Section = {
  title: 'Health',
  panels: [
    timeline(
      {
        title: 'Alerts over time',
        description: 'When a station raised alerts. A gap: it sent nothing.',
        unit: 'none',
        width: 12,
        height: 7,
      },
      steps.alerts,
    )
      .interval('2m')
      .withTarget(
        series(
          `SELECT max("alerts") FROM "health" WHERE ${inRange} GROUP BY time($__interval), ${perStation}`,
          stationName,
        ),
      )
      .dataLinks([linkFromTags]),
    lines(
      {
        title: 'Outbox depth',
        description:
          'Events on the disk of each station that nobody has acknowledged yet. It grows while the network is down and falls when it is back; one that only grows will fill up.',
        unit: 'short',
        width: 12,
        height: 7,
      },
      'events waiting',
      steps.outbox,
    )
      .min(0)
      .decimals(0)
      .interval('2m')
      .withTarget(
        series(
          `SELECT max("outbox_depth") FROM "health" WHERE ${inRange} GROUP BY time($__interval), ${perStation} fill(none)`,
          stationName,
        ),
      )
      .dataLinks([linkFromTags]),
    lines(
      {
        title: 'Temperature',
        description:
          'Of the processor. From 80 °C a Raspberry Pi slows itself down: give it air or a heat sink.',
        unit: 'celsius',
        width: 12,
        height: 7,
      },
      'CPU',
      steps.temperature,
    )
      .decimals(0)
      .interval('2m')
      .withTarget(
        series(
          `SELECT max("cpu_temp_c") FROM "health" WHERE ${inRange} GROUP BY time($__interval), ${perStation} fill(none)`,
          stationName,
        ),
      )
      .dataLinks([linkFromTags]),
    timeline(
      {
        title: 'Throttling',
        description:
          'When a station had to slow down, for heat or for too weak a power supply. Only boards that tell are shown.',
        unit: 'none',
        width: 12,
        height: 7,
      },
      steps.throttled,
    )
      .interval('2m')
      .mappings([steps.throttledMapping])
      .withTarget(
        series(
          `SELECT max("throttled") FROM "health" WHERE ${inRange} GROUP BY time($__interval), ${perStation}`,
          stationName,
        ),
      )
      .dataLinks([linkFromTags]),
  ],
};
