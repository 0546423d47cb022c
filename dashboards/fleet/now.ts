import { linkFromColumns, type Section } from '../board.ts';
import { captureCounts } from '../captures.ts';
import { inRange, lately, perStation, rows, series } from '../influxql.ts';
import {
  colours,
  decimalsAre,
  fixedColour,
  nameIs,
  stat,
  table,
  textColouredBy,
  unitIs,
  widthIs,
} from '../panels.ts';
import * as steps from '../steps.ts';

export const now: Section = {
  title: 'Now',
  panels: [
    stat(
      {
        title: 'Stations up',
        description:
          'Up: stations that sent their health in the last 3 minutes. Known: stations that sent it within the time range. Where up is below known, look for the silent one in the table.',
        unit: 'none',
        width: 4,
        height: 4,
      },
      [
        [null, colours.bad],
        [1, colours.good],
      ],
    )
      .noValue('0')
      .withTarget(
        series(
          `SELECT count("up") FROM (SELECT last("uptime_s") AS "up" FROM "health" WHERE ${lately} GROUP BY ${perStation})`,
          'up',
        ),
      )
      .withTarget(
        series(
          `SELECT count("known") FROM (SELECT last("uptime_s") AS "known" FROM "health" WHERE ${inRange} GROUP BY ${perStation})`,
          'known',
        ),
      )
      .overrideByName('known', [fixedColour(colours.plain)]),
    stat(
      {
        title: 'Accept rate',
        description: 'Share of all captures of the time range that were accepted.',
        unit: 'percent',
        width: 4,
        height: 4,
      },
      steps.acceptRate,
    )
      .decimals(1)
      .noValue('no captures')
      .withTarget(series(`SELECT mean("accepted") * 100 FROM "checkin" WHERE ${inRange}`, 'accept rate')),
    captureCounts({ title: 'Check-ins', width: 4, height: 4 }),
    stat(
      {
        title: 'Latency',
        description:
          'From the arrival of the whole capture to the decision, of all captures of the time range: half are faster than p50, all but one in twenty faster than p95.',
        unit: 'ms',
        width: 4,
        height: 4,
      },
      steps.latency,
    )
      .decimals(0)
      .noValue('no captures')
      .withTarget(
        series(
          `SELECT percentile("latency_total_ms", 50) AS "p50", percentile("latency_total_ms", 95) AS "p95" FROM "checkin" WHERE ${inRange}`,
          '[[col]]',
        ),
      ),
    stat(
      {
        title: 'Alerts',
        description: 'Alerts that stations which are up raise now. The table below names them.',
        unit: 'none',
        width: 4,
        height: 4,
      },
      steps.alerts,
    )
      .noValue('0')
      .withTarget(
        series(
          `SELECT sum("n") FROM (SELECT last("alerts") AS "n" FROM "health" WHERE ${lately} GROUP BY ${perStation})`,
          'alerts',
        ),
      ),
    stat(
      {
        title: 'Events waiting',
        description:
          'Events in the outboxes of the stations that are up: decided, on disk, and not acknowledged yet. A figure that keeps growing means that the broker or the bridge does not take them.',
        unit: 'short',
        width: 4,
        height: 4,
      },
      steps.outbox,
    )
      .noValue('0')
      .withTarget(
        series(
          `SELECT sum("n") FROM (SELECT last("outbox_depth") AS "n" FROM "health" WHERE ${lately} GROUP BY ${perStation})`,
          'waiting',
        ),
      ),
    table(
      {
        title: 'Stations',
        description:
          'The last health message of each station within the time range. Click a row to see the station in detail.',
        unit: 'none',
        width: 24,
        height: 8,
      },
      [[null, 'text']],
    )
      .withTarget(
        rows(
          `SELECT last("uptime_s") AS "uptime_s", "cpu_temp_c", "throttled", "load_1m", "outbox_depth", "last_capture_age_s", "clock", "alerts", "alert_ids" FROM "health" WHERE ${inRange} GROUP BY ${perStation}`,
        ),
      )
      .dataLinks([linkFromColumns])
      .overrideByName('Time', [nameIs('last seen'), unitIs('dateTimeFromNow'), widthIs(160)])
      .overrideByName('uptime_s', [nameIs('running for'), unitIs('s'), decimalsAre(1)])
      .overrideByName('cpu_temp_c', [
        nameIs('CPU'),
        unitIs('celsius'),
        decimalsAre(0),
        ...textColouredBy(steps.temperature),
      ])
      .overrideByName('throttled', [...textColouredBy(steps.throttled), steps.throttledNames])
      .overrideByName('load_1m', [nameIs('load, 1 min'), decimalsAre(2)])
      .overrideByName('outbox_depth', [nameIs('events waiting'), ...textColouredBy(steps.outbox)])
      .overrideByName('last_capture_age_s', [nameIs('last capture ago'), unitIs('s'), decimalsAre(0)])
      .overrideByName('alerts', [...textColouredBy(steps.alerts)])
      .overrideByName('alert_ids', [nameIs('which alerts')]),
  ],
};
