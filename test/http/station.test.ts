import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';
import { startServed } from './support.ts';

it('a station serves what it tells on its topics', async () => {
  const { url } = await startServed();
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  expect(await get('/ping')).toMatchObject({ status: 200, body: { 'API Status': 200, state: 'ready' } });
  expect(await get('/api/v1/health')).toMatchObject({ status: 200, body: { state: 'ready', alerts: [] } });
  expect(await get('/api/v1/info')).toMatchObject({ status: 200, body: { schema: 'info/1', pack: 'edge' } });
  expect(await get('/api/v1/gallery')).toMatchObject({ body: { name: 'main', rev: 0, subjects: 0 } });
  expect(await get('/api/v1/subjects')).toMatchObject({ body: { subjects: [] } });
  expect(await get('/api/v1/events')).toMatchObject({ body: { events: [] } });
  expect(await get('/api/v1/log?limit=2')).toMatchObject({ body: { lines: [{}, {}] } });
  expect(await get('/api/v1/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await get('/api/v1/log?limits=2')).toMatchObject({ status: 400, body: { code: 'unknown_field' } });
});

it('a port in use is an alert and no end, and is taken when it is free', { timeout: 60_000 }, async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const station = startStation(await temporaryFolder(), {
    MUSTER_MQTT__EMBEDDED__PORT: '0',
    MUSTER_HTTP__PORT: String(port),
  });
  await station.ready;
  expect(station.lines.find(({ alert }) => alert === 'http-port')?.msg).toMatch(/in use.*http\.port/);
  other.close();
  await eventually('an answer', async () =>
    fetch(`http://127.0.0.1:${port}/ping`).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  expect(await station.stop()).toBe(0);
});
