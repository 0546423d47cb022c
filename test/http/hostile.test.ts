import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { assault } from '../../bench/http/assault.ts';
import { formOf } from '../../bench/http/load.ts';
import { portraits } from '../../demo/sample-photos.ts';
import { eventually } from '../support/tools.ts';
import { startServed } from './support.ts';

/** Memory of a process, MB; null where the system does not tell. */
async function residentMb(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kb = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1];
  return kb === undefined ? null : Number(kb) / 1024;
}

it('hostile requests are refused, and leave nothing behind', { timeout: 120_000 }, async () => {
  const { port, url, child, lines, stop } = await startServed({ MUSTER_HTTP__LIMITS__REQUESTS_PER_MIN: '0' });
  const pid = child.pid ?? 0;
  await assault(port, 150);
  const before = await residentMb(pid);
  const { outcomes, wrong } = await assault(port, 600);
  expect(wrong).toEqual([]);
  expect(outcomes['400']).toBeGreaterThan(0);
  expect(outcomes['431']).toBeGreaterThan(0);
  const after = await residentMb(pid);
  // `npm run hostile` sends many more, which grow it no further.
  expect((after ?? 0) - (before ?? 0)).toBeLessThan(200);
  expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
  expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
  expect(await stop()).toBe(0);
});

it(
  'with more requests than places the rest are answered 503 at once, and captures go on',
  { timeout: 60_000 },
  async () => {
    const { url, port, stop } = await startServed({
      MUSTER_HTTP__LIMITS__REQUESTS: '2',
      MUSTER_HTTP__LIMITS__STREAMS: '1',
    });
    const form = formOf({ reference: await portraits.alice(), sample: await portraits.aliceAgain() });
    // Two take the places and do not get on: their bodies are not whole.
    const head = `POST /photo_match HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${form.contentType}\r\ncontent-length: ${form.body.length}\r\n\r\n`;
    const holders = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    for (const holder of holders)
      holder.write(Buffer.concat([Buffer.from(head), form.body.subarray(0, 2000)]));
    const post = () =>
      fetch(`${url}/photo_match`, {
        method: 'POST',
        headers: { 'content-type': form.contentType },
        body: new Uint8Array(form.body),
      });
    await eventually('both places taken', async () => (await post()).status === 503);
    const refused = await post();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ code: 'overloaded', remedy: expect.any(String) });
    // What needs no photo is answered as ever.
    expect((await fetch(`${url}/api/v1/health`)).status).toBe(200);
    for (const holder of holders) holder.destroy();
    await eventually('a place', async () => (await post()).status === 200);

    const stream = await fetch(`${url}/api/v1/events/stream`);
    expect((await fetch(`${url}/api/v1/events/stream`)).status).toBe(503);
    await stream.body?.cancel();
    await eventually('room for a stream', async () => {
      const next = await fetch(`${url}/api/v1/events/stream`);
      await next.body?.cancel();
      return next.status === 200;
    });
    expect(await stop()).toBe(0);
  },
);

it('an address that asks too often is told to wait', async () => {
  const { url } = await startServed({ MUSTER_HTTP__LIMITS__REQUESTS_PER_MIN: '5' });
  const answers = [];
  for (let i = 0; i < 6; i += 1) answers.push(await fetch(`${url}/ping`));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
  expect(Number(answers[5]?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await answers[5]?.json()).toMatchObject({ code: 'rate_limited', status: 429 });
});

it('a request that does not arrive in time is ended', { timeout: 30_000 }, async () => {
  const { port } = await startServed({ MUSTER_HTTP__LIMITS__RECEIVE_S: '1' });
  const answer = await new Promise<string>((resolve, reject) => {
    const sending = request({ host: '127.0.0.1', port, path: '/photo_match', method: 'POST' });
    sending.setHeader('content-type', 'multipart/form-data; boundary=x').setHeader('content-length', 1000);
    sending.on('response', (response) => resolve(String(response.statusCode)));
    sending.on('error', (error) => (error.message.includes('hang up') ? resolve('ended') : reject(error)));
    sending.write('--x\r\n');
  });
  expect(['408', 'ended']).toContain(answer);
});

it(
  'a form that is refused in the middle leaves nothing in the way of the next request',
  { timeout: 60_000 },
  async () => {
    const { url } = await startServed({ MUSTER_HTTP__LIMITS__REQUESTS_PER_MIN: '0' });
    const ask = async (names: readonly string[]) => {
      const form = new FormData();
      for (const name of names) form.set(name, new Blob([new Uint8Array(60_000)]), 'photo.jpg');
      const signal = AbortSignal.timeout(8_000);
      const answer = await fetch(`${url}/api/v1/compare`, { method: 'POST', body: form, signal });
      return ((await answer.json()) as { code: string }).code;
    };
    for (let i = 0; i < 60; i += 1) {
      expect(await ask(['nonsense', 'reference'])).toBe('unknown_field');
      expect(await ask(['threshold', 'reference'])).toBe('invalid_field');
    }
  },
);
