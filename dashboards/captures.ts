import { inRange, series } from './influxql.ts';
import { colours, fixedColour, stat, type PanelFacts } from './panels.ts';

/** How many captures of the time range were accepted, and how many rejected. */
export function captureCounts(look: Pick<PanelFacts, 'title' | 'width' | 'height'>) {
  const facts = { description: 'Accepted and rejected captures of the time range.', unit: 'short' };
  return stat({ ...look, ...facts }, [[null, colours.plain]])
    .noValue('0')
    .withTarget(series(`SELECT sum("accepted") FROM "checkin" WHERE ${inRange}`, 'accepted'))
    .withTarget(
      series(
        `SELECT count("accepted") FROM "checkin" WHERE ${inRange} AND "decision" = 'rejected'`,
        'rejected',
      ),
    )
    .overrideByName('accepted', [fixedColour(colours.good)])
    .overrideByName('rejected', [fixedColour(colours.watch)]);
}
