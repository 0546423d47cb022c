import type { Section } from '../board.ts';
import { inRange, series, stagePercentiles } from '../influxql.ts';
import { legend, lines } from '../panels.ts';

export const latency: Section = {
  title: 'Latency',
  panels: ([50, 95] as const).map((percent) =>
    lines(
      {
        title: `Latency per stage, p${percent}`,
        description: `The p${percent} of each stage of the pipeline; total is from the arrival of the whole capture to the decision. queue grows when captures arrive faster than they are worked off.`,
        unit: 'ms',
        width: 12,
        height: 9,
      },
      `p${percent}`,
    )
      .min(0)
      .interval('5m')
      .legend(legend(['mean', 'max']))
      .withTarget(
        series(
          `SELECT ${stagePercentiles(percent)} FROM "checkin" WHERE ${inRange} GROUP BY time($__interval) fill(none)`,
          '[[col]]',
        ),
      ),
  ),
};
