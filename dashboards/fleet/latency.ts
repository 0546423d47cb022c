import { linkFromTags, type Section } from '../board.ts';
import { inRange, perStation, series, stationName, stagePercentiles } from '../influxql.ts';
import { lines } from '../panels.ts';
import * as steps from '../steps.ts';

export const latency: Section = {
  title: 'Latency',
  panels: [
    ...([50, 95] as const).map((percent) =>
      lines(
        {
          title: `Latency per stage, p${percent}`,
          description: `The p${percent} of each stage of the pipeline over the chosen stations; total is from the arrival of the whole capture to the decision. queue grows when captures arrive faster than they are worked off.`,
          unit: 'ms',
          width: 12,
          height: 8,
        },
        `p${percent}`,
      )
        .min(0)
        .interval('5m')
        .withTarget(
          series(
            `SELECT ${stagePercentiles(percent)} FROM "checkin" WHERE ${inRange} GROUP BY time($__interval) fill(none)`,
            '[[col]]',
          ),
        ),
    ),
    ...([50, 95] as const).map((percent) =>
      lines(
        {
          title: `Latency per station, p${percent}`,
          description: `The p${percent} of the whole way from the arrival of the capture to the decision, for each station. The lines show where people begin to notice (500 ms) and to wait (1 s).`,
          unit: 'ms',
          width: 12,
          height: 8,
        },
        `p${percent}, total`,
        steps.latency,
      )
        .min(0)
        .interval('5m')
        .withTarget(
          series(
            `SELECT percentile("latency_total_ms", ${percent}) FROM "checkin" WHERE ${inRange} GROUP BY time($__interval), ${perStation} fill(none)`,
            stationName,
          ),
        )
        .dataLinks([linkFromTags]),
    ),
  ],
};
