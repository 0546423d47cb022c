import { PanelBuilder as Histogram } from '@grafana/grafana-foundation-sdk/histogram';
import type { Section } from '../board.ts';
import { datasource, inRange, series } from '../influxql.ts';
import { allValues, colours, fixedColour, legend, limitLine, lines, thresholds } from '../panels.ts';

/** A histogram needs the events themselves; this many bound the answer. */
const newest = 'ORDER BY time DESC LIMIT 10000';

export const similarity: Section = {
  title: 'Similarity',
  panels: [
    lines(
      {
        title: 'Similarity over time',
        description:
          'Cosine similarity to the best subject. Of the accepted the median and the lowest, of the rejected as unknown the highest; dashed, the threshold. Safe is a wide gap between lowest accepted and highest unknown. Where they meet at the threshold, people are refused or strangers nearly pass.',
        unit: 'none',
        width: 12,
        height: 9,
      },
      'cosine similarity',
    )
      .decimals(2)
      .interval('15m')
      .withTarget(
        series(
          `SELECT median("similarity") AS "accepted, median", min("similarity") AS "accepted, lowest" FROM "checkin" WHERE ${inRange} AND "decision" = 'accepted' GROUP BY time($__interval) fill(none)`,
          '[[col]]',
        ),
      )
      .withTarget(
        series(
          `SELECT max("similarity") FROM "checkin" WHERE ${inRange} AND "reason" = 'unknown' GROUP BY time($__interval) fill(none)`,
          'unknown, highest',
        ),
      )
      .withTarget(
        series(
          `SELECT last("threshold") FROM "checkin" WHERE ${inRange} GROUP BY time($__interval) fill(none)`,
          'threshold',
        ),
      )
      .overrideByName('accepted, median', [fixedColour(colours.good)])
      .overrideByName('accepted, lowest', [fixedColour('light-green')])
      .overrideByName('unknown, highest', [fixedColour(colours.watch)])
      .overrideByName('threshold', [...limitLine]),
    new Histogram()
      .title('Similarity against the threshold')
      .description(
        'How far the similarity of each capture was above (right of 0) or below (left of 0) the threshold that held for it; at most 10,000 captures of each decision, the newest. Two hills with a valley at 0 are right. One hill that straddles 0: the threshold, the light or the reference photos are wrong. A rejected capture right of 0 failed for another reason than similarity.',
      )
      .unit('none')
      .decimals(2)
      .span(12)
      .height(9)
      .datasource(datasource)
      .thresholds(thresholds([[null, colours.plain]]))
      .bucketSize(0.02)
      .combine(false)
      .fillOpacity(60)
      .lineWidth(1)
      .axisLabel('captures, by similarity − threshold')
      .legend(legend())
      .tooltip(allValues())
      .withTarget(
        series(
          `SELECT "similarity" - "threshold" FROM "checkin" WHERE ${inRange} AND "decision" = 'accepted' ${newest}`,
          'accepted',
        ),
      )
      .withTarget(
        series(
          `SELECT "similarity" - "threshold" FROM "checkin" WHERE ${inRange} AND "decision" = 'rejected' ${newest}`,
          'rejected',
        ),
      )
      .overrideByName('accepted', [fixedColour(colours.good)])
      .overrideByName('rejected', [fixedColour(colours.watch)]),
  ],
};
