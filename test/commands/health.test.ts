import { expect, it } from 'vitest';
import { freePort } from '../../demo/free-port.ts';
import { startServed } from '../http/support.ts';
import { muster } from '../support/station.ts';
import { temporaryFolder } from '../support/tools.ts';

it('tells how the running station is, also where it asks for a token', async () => {
  const token = 'a-token-of-the-test';
  const station = await startServed({ MUSTER_HTTP__TOKEN: token, MUSTER_HTTP__TOKEN_ON_LOOPBACK: 'true' });
  const well = await muster(station.dir, ['health'], station.env);
  expect(well).toMatchObject({ status: 0, stderr: '' });
  expect(well.stdout).toMatch(/^ready since \d{4}-/);
  const { stdout } = await muster(station.dir, ['health', '--json'], station.env);
  expect(JSON.parse(stdout)).toMatchObject({ state: 'ready', alerts: [] });

  const refused = { ...station.env, MUSTER_HTTP__TOKEN: 'another-token-of-it' };
  expect(await muster(station.dir, ['health'], refused)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('status 401'),
  });

  await station.stop();
  expect(await muster(station.dir, ['health'], station.env)).toMatchObject({
    status: 1,
    stdout: expect.stringContaining('no station answers on 127.0.0.1:'),
  });
});

it('an address of all is asked on loopback', async () => {
  const port = String(await freePort());
  const env = {
    MUSTER_HTTP__HOST: '0.0.0.0',
    MUSTER_HTTP__PORT: port,
    MUSTER_HTTP__TOKEN: 'a-token-of-the-test',
  };
  const { status, stdout } = await muster(await temporaryFolder(), ['health'], env);
  expect({ status, stdout }).toMatchObject({
    status: 1,
    stdout: expect.stringContaining(`no station answers on 127.0.0.1:${port}`),
  });
});

it('without an API there is nobody to ask', async () => {
  const { status, stderr } = await muster(await temporaryFolder(), ['health'], { MUSTER_HTTP__PORT: '0' });
  expect(status).toBe(2);
  expect(stderr).toContain('http.port is 0');
});
