import { expect, it } from 'vitest';
import { loadedFiles } from '../support/loaded-files.ts';
import { startServed } from './support.ts';

it('the reader of the API has all that its page names, and is loaded when it is first asked for', async () => {
  const loaded = await loadedFiles();
  const station = await startServed(loaded.env);
  const ofReader = async () =>
    (await loaded.read()).filter((file) => /\/node_modules\/@fastify\/swagger/.test(file));
  expect((await fetch(`${station.url}/openapi.json`)).status).toBe(200);
  expect(await ofReader()).toEqual([]);

  const page = await fetch(`${station.url}/docs`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toMatch(/^text\/html/);
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'self'/);
  expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  const html = await page.text();
  const named = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => new URL(path!, page.url));
  expect(named.length).toBeGreaterThan(3);
  for (const file of named) {
    const answer = await fetch(file);
    expect([file.pathname, answer.status]).toEqual([file.pathname, 200]);
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(0);
  }
  expect(await ofReader()).not.toEqual([]);

  const missing = await fetch(`${station.url}/docs/static/nothing.js`);
  expect([missing.status, await missing.json()]).toMatchObject([404, { code: 'not_found' }]);
  expect(await station.stop()).toBe(0);
});
