import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig, readLayers } from '../../src/config/load.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { superviseStation } from '../../src/supervisor.ts';
import type { AlertPayload, HealthPayload, StatePayload } from '../../src/telemetry/payloads.ts';
import { spawnWorker } from '../../src/vision/thread.ts';
import { freePort } from '../../demo/free-port.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { fileTree } from '../support/file-tree.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';

const root = 'muster/1/default/station-1';
const firmware = '/sys/bus/platform/drivers/raspberrypi-firmware/soc:firmware/get_throttled';
/** The board is looked at every ten seconds; a busy machine takes longer. */
const lookMs = 30_000;
const celsius = '/sys/class/thermal/thermal_zone0/temp';

it('a board that is hot is told of in health, alert, metrics page and log, and the station stays ready', async () => {
  const dir = await temporaryFolder();
  // Throttled since before the start.
  const board = await fileTree({ [firmware]: '80008\n', [celsius]: '83250\n' });
  const broker = await startBroker();
  const { messages } = await subscribe(broker.url(), `${root}/#`);
  /** The newest payload of a topic; null where there is none, or it was deleted. */
  const last = (topic: string): unknown => {
    const payload = messages.findLast((each) => each.topic === `${root}/${topic}`)?.payload ?? '';
    return payload === '' ? null : JSON.parse(payload);
  };
  const state = () => (last('state') as StatePayload | null)?.state;
  const health = () => last('health') as HealthPayload | null;
  const alert = () => last('alert/board-throttled') as AlertPayload | null;
  const port = await freePort();
  const env = {
    MUSTER_DATA_DIR: join(dir, 'data'),
    MUSTER_MQTT__URL: broker.url(),
    MUSTER_HTTP__PORT: `${port}`,
    MUSTER_TELEMETRY__HEALTH_S: '1',
  };
  /** Real, but for what a test need not wait for. */
  let skippedMs = 0;
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skippedMs };
  const { log, lines } = recordingLog();
  const stop = new AbortController();
  const station = superviseStation(
    {
      config: await loadConfig({ env }),
      layers: await readLayers({ env }),
      logLevelIsFixed: true,
      spawnVision: spawnWorker,
      surroundings: { clock, log, random: Math.random, board },
    },
    stop.signal,
  );
  onTestFinished(async () => {
    stop.abort();
    await station;
  });

  await eventually('ready', () => state() === 'ready');
  await eventually('a health', () => health() !== null);
  expect(health()).toMatchObject({
    throttled: true,
    cpu_temp_c: 83.3,
    alerts: ['board-throttled'],
  });
  expect(alert()).toMatchObject({
    severity: 'warning',
    message: 'the board has made itself slower: it is too hot. Give it a heat sink or a fan, and air.',
  });
  const prometheus = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(await prometheus()).toMatch(/^muster_cpu_throttled 1$/m);
  expect(lines().filter(({ msg }) => msg.startsWith('the board has made itself slower'))).toHaveLength(1);

  // Cool, and short of power instead.
  await board.write(firmware, '50005\n');
  await eventually('the other cause', () => /power supply is too weak/.test(alert()?.message ?? ''), lookMs);
  await board.write(firmware, '50000\n');
  await board.write(celsius, '51000\n');
  await eventually('a cool board', () => health()?.throttled === false);
  expect(health()).toMatchObject({ cpu_temp_c: 51, alerts: ['board-throttled'] });
  skippedMs = 121_000;
  await eventually('the end of the alert', () => alert() === null, lookMs);
  expect(await prometheus()).toMatch(/^muster_cpu_throttled 0$/m);
  const states = messages
    .filter(({ topic }) => topic === `${root}/state`)
    .map(({ payload }) => (JSON.parse(payload) as StatePayload).state);
  expect(states).toContain('ready');
  expect(states).not.toContain('degraded');
  stop.abort();
  expect(await station).toBe('stopped');
});
