import type { Section } from '../board.ts';
import { inRange, series } from '../influxql.ts';
import { bars, colours, fixedColour, lines, reasonColours } from '../panels.ts';
import * as steps from '../steps.ts';

export const checkins: Section = {
  title: 'Decisions',
  panels: [
    lines(
      {
        title: 'Accept rate over time',
        description: 'Share of captures accepted.',
        unit: 'percent',
        width: 12,
        height: 8,
      },
      'accepted',
      steps.acceptRate,
    )
      .min(0)
      .max(100)
      .decimals(0)
      .interval('15m')
      .withTarget(
        series(
          `SELECT mean("accepted") * 100 FROM "checkin" WHERE ${inRange} GROUP BY time($__interval) fill(none)`,
          'accept rate',
        ),
      ),
    reasonColours(
      bars(
        {
          title: 'Decisions per hour',
          description: 'Captures in each hour: the accepted, and the rejected by their reason.',
          unit: 'none',
          width: 12,
          height: 8,
        },
        'captures per hour',
      )
        .withTarget(
          series(
            `SELECT sum("accepted") FROM "checkin" WHERE ${inRange} GROUP BY time(1h) fill(0)`,
            'accepted',
          ),
        )
        .withTarget(
          series(
            `SELECT count("accepted") FROM "checkin" WHERE ${inRange} AND "decision" = 'rejected' GROUP BY time(1h), "reason" fill(0)`,
            '[[tag_reason]]',
          ),
        )
        .overrideByName('accepted', [fixedColour(colours.good)]),
    ),
  ],
};
