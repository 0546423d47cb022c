import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dashboardArtefacts } from '../../dashboards/artefacts.ts';
import { packageRoot } from '../../src/lib/package.ts';

interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly options?: { readonly legend?: { readonly showLegend: boolean } };
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit?: string;
      readonly custom?: { readonly axisLabel?: string };
      readonly thresholds?: { readonly steps: readonly { value: number | null; color: string }[] };
      readonly links?: readonly { url: string }[];
    };
  };
  readonly targets?: readonly { readonly refId: string; readonly query: string }[];
}
interface DashboardJson {
  readonly uid: string;
  readonly title: string;
  readonly tags: readonly string[];
  readonly refresh: string;
  readonly timezone: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly templating: { readonly list: readonly { name: string; multi: boolean; includeAll: boolean }[] };
  readonly panels: readonly PanelJson[];
}

const grafana = join(packageRoot, 'deploy/grafana');

describe.each(dashboardArtefacts)('$path', ({ path, text }) => {
  const dashboard = JSON.parse(text()) as DashboardJson;
  const panels = dashboard.panels.filter(({ type }) => type !== 'row');

  test('the file is what the code makes', async () => {
    expect(await readFile(join(packageRoot, path), 'utf8')).toBe(text());
  });

  test('it has a stable uid, tag, refresh, time range, and the zone of who looks', () => {
    expect(dashboard).toMatchObject({
      uid: path.includes('fleet') ? 'muster-fleet' : 'muster-station',
      tags: ['muster'],
      refresh: '1m',
      timezone: 'browser',
      time: { to: 'now' },
    });
    expect(dashboard.time.from).toMatch(/^now-\d+h$/);
  });

  test('site and station can be chosen, several of them for the fleet', () => {
    const several = path.includes('fleet');
    expect(dashboard.templating.list.slice(1)).toMatchObject([
      { name: 'site', multi: several, includeAll: several },
      { name: 'station', multi: several, includeAll: several },
    ]);
  });

  test('every panel has a title of its own, a description in sentences, a unit, colours and the chosen data source', () => {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    for (const { title, description, fieldConfig, datasource } of panels) {
      expect(description, title).toMatch(/^[A-Z].{20,}\.$/);
      expect(fieldConfig.defaults.unit, title).toBeTypeOf('string');
      expect(fieldConfig.defaults.thresholds?.steps[0], title).toMatchObject({ value: null });
      expect(datasource?.uid, title).toBe('${datasource}');
    }
  });

  test('every axis is labelled, and every chart has a legend', () => {
    const charts = panels.filter(({ type }) => ['timeseries', 'histogram'].includes(type));
    expect(charts.length).toBeGreaterThan(4);
    for (const { title, fieldConfig, options } of charts) {
      expect(fieldConfig.defaults.custom?.axisLabel, title).toMatch(/\w/);
      expect(options?.legend?.showLegend, title).toBe(true);
    }
  });

  test('ids are unique, and so are the letters of the queries of a panel', () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { title, targets = [] } of panels) {
      expect(targets.length, title).toBeGreaterThan(0);
      expect(new Set(targets.map(({ refId }) => refId)).size, title).toBe(targets.length);
    }
  });

  test('panels fill the 24 columns without overlap or holes', () => {
    const taken = new Map<string, string>();
    let bottom = 0;
    for (const { title, gridPos } of dashboard.panels) {
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x},${y}`), `${title} lies on another`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      bottom = Math.max(bottom, gridPos.y + gridPos.h);
    }
    expect(taken.size).toBe(24 * bottom);
  });

  test('every query is bound to the chosen stations and to a time', () => {
    for (const { title, targets = [] } of panels) {
      for (const { query } of targets) {
        expect(query, title).toContain('"site" =~ /^${site:regex}$/ AND "station" =~ /^${station:regex}$/');
        expect(query, title).toMatch(/\$timeFilter|time > now\(\) - 3m/);
      }
    }
  });
});

test('what the fleet shows of one station leads to its dashboard', () => {
  const [fleet, station] = dashboardArtefacts.map(({ text }) => JSON.parse(text()) as DashboardJson);
  const perStation = fleet?.panels.filter(({ targets }) =>
    targets?.some(({ query }) => /"site", "station"( fill\(\w+\))?$/.test(query)),
  );
  expect(perStation?.length).toBeGreaterThan(7);
  for (const { title, fieldConfig } of perStation ?? []) {
    const [link] = fieldConfig.defaults.links ?? [];
    expect(link?.url, title).toMatch(new RegExp(`^/d/${station?.uid}\\?.*var-site=.*&var-station=`));
  }
});

test('the provisioning names the data source that the dashboards choose, and the folder they are in', async () => {
  const read = async (file: string) =>
    parse(await readFile(join(grafana, 'provisioning', file), 'utf8')) as unknown;
  const { datasources } = (await read('datasources/muster.yaml')) as {
    datasources: { uid: string; type: string }[];
  };
  expect(datasources).toMatchObject([{ uid: 'muster-influxdb', name: 'Muster', type: 'influxdb' }]);
  for (const { text } of dashboardArtefacts) expect(text()).toContain('"value": "muster-influxdb"');
  const { providers } = (await read('dashboards/muster.yaml')) as { providers: object[] };
  expect(providers).toMatchObject([{ type: 'file', options: { path: '/etc/grafana/dashboards' } }]);
});
