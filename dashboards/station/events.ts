import type { Section } from '../board.ts';
import { inRange, rows } from '../influxql.ts';
import { colours, decimalsAre, nameIs, table, textColouredBy, unitIs, widthIs } from '../panels.ts';
import * as steps from '../steps.ts';

export const events: Section = {
  title: 'Events',
  panels: [
    table(
      {
        title: 'Last events',
        description:
          'The newest 100 decisions of the time range. Match is the similarity on a scale where the threshold is always 50 %. No name and no subject is in the database.',
        unit: 'none',
        width: 24,
        height: 12,
      },
      [[null, 'text']],
    )
      .withTarget(
        rows(
          `SELECT "decision", "reason", "gate", "similarity", "threshold", "match_pct", "latency_total_ms", "faces_total", "replayed" FROM "checkin" WHERE ${inRange} ORDER BY time DESC LIMIT 100`,
        ),
      )
      .overrideByName('Time', [nameIs('captured'), widthIs(180)])
      .overrideByName('decision', [
        {
          id: 'mappings',
          value: [
            {
              type: 'value',
              options: {
                accepted: { color: colours.good, index: 0 },
                rejected: { color: colours.watch, index: 1 },
              },
            },
          ],
        },
        { id: 'custom.cellOptions', value: { type: 'color-text' } },
      ])
      .overrideByName('similarity', [decimalsAre(3)])
      .overrideByName('threshold', [decimalsAre(3)])
      .overrideByName('match_pct', [
        nameIs('match'),
        unitIs('percent'),
        decimalsAre(0),
        ...textColouredBy([
          [null, colours.watch],
          [50, colours.good],
        ]),
      ])
      .overrideByName('latency_total_ms', [
        nameIs('latency'),
        unitIs('ms'),
        decimalsAre(0),
        ...textColouredBy(steps.latency),
      ])
      .overrideByName('faces_total', [nameIs('faces')]),
  ],
};
