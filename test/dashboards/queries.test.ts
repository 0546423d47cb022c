import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';
import { aFleet, fleetLines } from '../support/fleet-data.ts';
import { hasInfluxd, startInfluxd, withoutInfluxd, type Influxd } from '../support/influxd.ts';
import { expected, faultsOf } from './expected.ts';
import { asGrafanaSends, millisecondsOf, type GrafanaView } from './grafana.ts';

/** Every query of every panel, run against a real InfluxDB that holds six hours of four stations' data. */

interface Panel {
  readonly type: string;
  readonly title: string;
  readonly interval?: string;
  readonly targets?: readonly { refId: string; query: string; resultFormat: string; alias?: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { name: string; type: string; query: string }[] };
}

const choices: Readonly<Record<string, GrafanaView['variables']>> = {
  fleet: { site: { all: '.*' }, station: { all: '.*' } },
  station: { site: ['main'], station: ['door-1'] },
};

const database = 'muster';
const to = Date.now();
// Seven hours, so that one of them is the hour in which the broker is away.
const view = { from: to - 7 * 3_600_000, to };

describe.skipIf(!hasInfluxd)(`the dashboards' queries${hasInfluxd ? '' : `, ${withoutInfluxd}`}`, () => {
  let influxd: Influxd;
  beforeAll(async () => {
    influxd = await startInfluxd();
    await influxd.write(database, fleetLines(aFleet, view.from, view.to));
  });
  afterAll(() => influxd.stop());

  for (const name of ['fleet', 'station']) {
    const dashboard = read(name);
    const variables = choices[name] ?? {};
    const panels = dashboard.panels.filter(({ type }) => type !== 'row');

    test(`${name}: every panel has its place in this test`, () => {
      expect(panels.map(({ title }) => title)).toEqual(Object.keys(expected[name] ?? {}));
    });

    for (const panel of panels) {
      for (const { refId, query } of panel.targets ?? []) {
        test(`${name}: "${panel.title}" ${refId} answers what the panel shows`, async () => {
          const wanted = expected[name]?.[panel.title]?.[refId];
          if (wanted === undefined) throw new Error('nothing is expected of it');
          const intervalMs = Math.max(60_000, millisecondsOf(panel.interval ?? '1m'));
          const series = await influxd.query(
            database,
            asGrafanaSends(query, { ...view, intervalMs, variables }),
          );
          expect(faultsOf(series, wanted)).toEqual([]);
        });
      }
    }

    test(`${name}: the variables offer the sites and the stations of the chosen sites`, async () => {
      const offered: Record<string, unknown[]> = {};
      for (const variable of dashboard.templating.list.filter(({ type }) => type === 'query')) {
        const query = asGrafanaSends(variable.query, {
          ...view,
          intervalMs: 1,
          variables: { site: ['annex'] },
        });
        const [answer] = await influxd.query(database, query);
        expect(answer?.columns).toEqual(['key', 'value']);
        offered[variable.name] = answer?.values.map(([, value]) => value) ?? [];
      }
      expect(offered).toEqual({ site: ['annex', 'main'], station: ['door-1'] });
    });
  }

  test('fleet: several chosen stations are joined, and no other is in the answer', async () => {
    const variables = { site: ['main', 'annex'], station: ['door-1', 'gate'] };
    const panel = read('fleet').panels.find(({ title }) => title === 'Temperature');
    const query = asGrafanaSends(panel?.targets?.[0]?.query ?? '', {
      ...view,
      intervalMs: 60_000,
      variables,
    });
    const answer = await influxd.query(database, query);
    expect(answer.map(({ tags }) => tags)).toEqual([
      { site: 'annex', station: 'door-1' },
      { site: 'main', station: 'door-1' },
      { site: 'main', station: 'gate' },
    ]);
  });

  test('station: one that fell silent is not up', async () => {
    const variables = { site: ['annex'], station: ['door-1'] };
    const state = read('station').panels.find(({ title }) => title === 'State')?.targets?.[0]?.query ?? '';
    const query = asGrafanaSends(state, { ...view, intervalMs: 1, variables });
    expect(await influxd.query(database, query)).toEqual([]);
  });
});

function read(name: string): Dashboard {
  const file = join(packageRoot, `deploy/grafana/dashboards/${name}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as Dashboard;
}
