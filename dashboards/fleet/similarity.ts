import { linkFromTags, type Section } from '../board.ts';
import { inRange, perStation, series, stationName } from '../influxql.ts';
import { limitLine, lines } from '../panels.ts';

export const similarity: Section = {
  title: 'Similarity',
  panels: [
    lines(
      {
        title: 'Similarity of the accepted',
        description:
          'Median cosine similarity of accepted captures for each station, and the threshold that holds (the highest, where stations differ). A line that sinks towards the threshold tells of a dirty lens, worse light or ageing reference photos before people are refused.',
        unit: 'none',
        width: 24,
        height: 8,
      },
      'cosine similarity',
    )
      .decimals(2)
      .interval('15m')
      .withTarget(
        series(
          `SELECT median("similarity") FROM "checkin" WHERE ${inRange} AND "decision" = 'accepted' GROUP BY time($__interval), ${perStation} fill(none)`,
          stationName,
        ),
      )
      .withTarget(
        series(
          `SELECT max("threshold") FROM "checkin" WHERE ${inRange} GROUP BY time($__interval) fill(none)`,
          'threshold',
        ),
      )
      .dataLinks([linkFromTags])
      .overrideByName('threshold', [...limitLine]),
  ],
};
