import { linkFromTags, type Section } from '../board.ts';
import { inRange, perStation, series, stationName } from '../influxql.ts';
import { barGauge, bars, colours, lines, reasonColours } from '../panels.ts';
import * as steps from '../steps.ts';

export const checkins: Section = {
  title: 'Check-ins',
  panels: [
    lines(
      {
        title: 'Accept rate per station',
        description:
          'Share of captures accepted, for each station. A station that falls behind the others has a bad view, bad light or an old gallery.',
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
          `SELECT mean("accepted") * 100 FROM "checkin" WHERE ${inRange} GROUP BY time($__interval), ${perStation} fill(none)`,
          stationName,
        ),
      )
      .dataLinks([linkFromTags]),
    bars(
      {
        title: 'Check-ins per hour',
        description: 'Accepted captures in each hour, the stations one on the other.',
        unit: 'none',
        width: 12,
        height: 8,
      },
      'check-ins per hour',
    )
      .withTarget(
        series(
          `SELECT sum("accepted") FROM "checkin" WHERE ${inRange} GROUP BY time(1h), ${perStation} fill(0)`,
          stationName,
        ),
      )
      .dataLinks([linkFromTags]),
    reasonColours(
      bars(
        {
          title: 'Reasons of rejection per hour',
          description:
            'Rejected captures in each hour by their reason. Much no_face: the camera sees no people or looks past them. Much low_quality: light, distance or sharpness. Much unknown: strangers, or an old gallery.',
          unit: 'none',
          width: 16,
          height: 8,
        },
        'rejected per hour',
      ).withTarget(
        series(
          `SELECT count("accepted") FROM "checkin" WHERE ${inRange} AND "decision" = 'rejected' GROUP BY time(1h), "reason" fill(0)`,
          '[[tag_reason]]',
        ),
      ),
    ),
    reasonColours(
      barGauge(
        {
          title: 'Reasons of rejection',
          description: 'Rejected captures of the time range by their reason.',
          unit: 'none',
          width: 8,
          height: 8,
        },
        [[null, colours.watch]],
      ).withTarget(
        series(
          `SELECT count("accepted") FROM "checkin" WHERE ${inRange} AND "decision" = 'rejected' GROUP BY "reason"`,
          '[[tag_reason]]',
        ),
      ),
    ),
  ],
};
