import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';
import { bridgeIn } from '../support/bridge.ts';
import { startProxy } from '../support/influx.ts';
import { hasInfluxd, startInfluxd, withoutInfluxd } from '../support/influxd.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { muster } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';
import { asGrafanaSends, millisecondsOf, type GrafanaView } from './grafana.ts';

/** The whole way: virtual stations, a real broker, the bridge, a real InfluxDB, and what Grafana asks it. */

interface Dashboard {
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly interval?: string;
    readonly targets?: readonly { refId: string; query: string }[];
  }[];
}

const runs = hasInfluxd && hasMosquitto;
const missing = hasInfluxd ? withoutMosquitto : withoutInfluxd;

const choices: Readonly<Record<string, GrafanaView['variables']>> = {
  fleet: { site: { all: '.*' }, station: { all: '.*' } },
  station: { site: ['default'], station: ['sim-1'] },
};

const minutes = 15;
const stations = 3;
const rate = 0.6;

it.skipIf(!runs)(
  `every panel of both dashboards has data of a simulated fleet${runs ? '' : ` (${missing})`}`,
  { timeout: 120_000 },
  async () => {
    const broker = await startMosquitto(['allow_anonymous true', 'max_queued_messages 0']);
    const influxd = await startInfluxd();
    try {
      await influxd.write('muster', ['canary up=1']);
      const dir = await temporaryFolder();
      await bridgeIn({ broker: broker.url, database: (await startProxy(influxd.url)).url, dir });
      // A minute of the fleet's time in a second, up to now.
      const from = Date.now() - minutes * 60_000;
      const day = ['--from', new Date(from).toISOString(), '--duration', `${minutes * 60}`, '--speed', '60'];
      const fleet = ['--stations', `${stations}`, '--rate', `${rate}`, '--dropouts', '0', '--people', '20'];
      const { status, stdout } = await muster(dir, ['simulate', '--json', ...day, ...fleet], {
        MUSTER_MQTT__URL: broker.url,
        MUSTER_TELEMETRY__HEALTH_S: '1',
        MUSTER_TELEMETRY__METRICS_S: '1',
      });
      expect(status).toBe(0);
      const { captures } = JSON.parse(stdout) as { captures: number };
      expect(captures).toBe(minutes * 60 * stations * rate);
      await eventually('every event in the database', async () => {
        const [answer] = await influxd.query('muster', 'SELECT count(seq) FROM checkin');
        return answer?.values[0]?.[1] === captures;
      });

      const view = { from, to: Date.now() };
      const empty: string[] = [];
      for (const [name, variables] of Object.entries(choices)) {
        const file = join(packageRoot, `deploy/grafana/dashboards/${name}.json`);
        const { panels } = JSON.parse(await readFile(file, 'utf8')) as Dashboard;
        for (const { title, interval, targets } of panels) {
          for (const { refId, query } of targets ?? []) {
            const intervalMs = Math.max(60_000, millisecondsOf(interval ?? '1m'));
            const series = await influxd.query(
              'muster',
              asGrafanaSends(query, { ...view, intervalMs, variables: variables ?? {} }),
            );
            if (series.every(({ values }) => values.length === 0)) empty.push(`${name}: ${title} ${refId}`);
          }
        }
      }
      expect(empty).toEqual([]);
    } finally {
      await influxd.stop();
    }
  },
);
