import { request } from 'node:http';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { createAccess, type Asker } from '../../src/http/access.ts';
import { HttpProblem } from '../../src/http/problem.ts';
import { muster } from '../support/station.ts';
import { manualClock, temporaryFolder } from '../support/tools.ts';
import { startServed } from './support.ts';

const token = 'a-token-of-at-least-16-characters';
const here: Asker = {
  peer: '127.0.0.1',
  local: '127.0.0.1',
  method: 'GET',
  headers: { host: '127.0.0.1:8080' },
};
const elsewhere: Asker = {
  ...here,
  peer: '192.0.2.7',
  local: '192.0.2.1',
  headers: { host: '192.0.2.1:8080' },
};

interface Settings {
  right?: string | null;
  tokenOnLoopback?: boolean;
  clock?: ReturnType<typeof manualClock>;
}

function access({ right = token, tokenOnLoopback = false, clock = manualClock() }: Settings = {}) {
  let current = right;
  const made = createAccess({ token: () => current, tokenOnLoopback, secure: false, clock });
  const outcome = (asker: Asker) => {
    try {
      return made.check(asker);
    } catch (error) {
      return (error as HttpProblem).code;
    }
  };
  return { ...made, outcome, change: (next: string) => (current = next) };
}
const withHeaders = (asker: Asker, headers: Asker['headers'], method = 'GET') => ({
  ...asker,
  method,
  headers: { ...asker.headers, ...headers },
});

describe('a request', () => {
  it.each([
    ['over loopback', here, 'loopback'],
    [
      'over IPv6 loopback',
      withHeaders({ ...here, peer: '::1', local: '::1' }, { host: '[::1]:8080' }),
      'loopback',
    ],
    ['over mapped loopback', { ...here, peer: '::ffff:127.0.0.1', local: '::ffff:127.0.0.1' }, 'loopback'],
    ['over loopback, to localhost', withHeaders(here, { host: 'LOCALHOST:8080' }), 'loopback'],
    ['over loopback, to another name', withHeaders(here, { host: 'evil.example:8080' }), 'host_not_allowed'],
    [
      'over loopback, to a name like an address',
      withHeaders(here, { host: '127.0.0.1.evil.example' }),
      'host_not_allowed',
    ],
    [
      'over loopback, to another name, with the token',
      withHeaders(here, { host: 'door.example', authorization: `Bearer ${token}` }),
      'token',
    ],
    ['from elsewhere', elsewhere, 'unauthorised'],
    [
      'from elsewhere, that says it is from here',
      withHeaders(elsewhere, {
        host: 'localhost',
        'x-forwarded-for': '127.0.0.1',
        forwarded: 'for=127.0.0.1',
      }),
      'unauthorised',
    ],
    ['from here to an address that others reach', { ...here, local: '192.0.2.1' }, 'unauthorised'],
    ['with the token', withHeaders(elsewhere, { authorization: `Bearer ${token}` }), 'token'],
    [
      'with the token in other letters',
      withHeaders(elsewhere, { authorization: `bEARER  ${token}` }),
      'token',
    ],
    ['with a wrong token', withHeaders(elsewhere, { authorization: `Bearer ${token}x` }), 'unauthorised'],
    [
      'with a part of the token',
      withHeaders(elsewhere, { authorization: `Bearer ${token.slice(0, -1)}` }),
      'unauthorised',
    ],
    ['with another scheme', withHeaders(elsewhere, { authorization: `Basic ${token}` }), 'unauthorised'],
    ['with an empty one', withHeaders(elsewhere, { authorization: 'Bearer ' }), 'unauthorised'],
    [
      'with a cookie of its own making',
      withHeaders(elsewhere, { cookie: 'muster_session=9999999999999.x' }),
      'unauthorised',
    ],
    [
      'that changes something, from a page of its own',
      withHeaders(here, { origin: 'http://127.0.0.1:8080' }, 'POST'),
      'loopback',
    ],
    [
      'that changes something, from a page of another site',
      withHeaders(here, { origin: 'http://evil.example' }, 'POST'),
      'cross_site',
    ],
    [
      'from a page of another port',
      withHeaders(here, { origin: 'http://127.0.0.1:9999' }, 'DELETE'),
      'cross_site',
    ],
    ['from a page without an origin', withHeaders(here, { origin: 'null' }, 'POST'), 'cross_site'],
    [
      'from elsewhere by the browser’s word',
      withHeaders(here, { 'sec-fetch-site': 'cross-site' }, 'POST'),
      'cross_site',
    ],
  ] as const)('%s: %s', (_what, asker, expected) => {
    expect(access().outcome(asker)).toBe(expected);
  });

  it('over loopback needs the token too where that is set', () => {
    const { outcome } = access({ tokenOnLoopback: true });
    expect(outcome(here)).toBe('unauthorised');
    expect(outcome(withHeaders(here, { authorization: `Bearer ${token}` }))).toBe('token');
  });

  it('is not let in from elsewhere by any token where there is none', () => {
    const { outcome } = access({ right: null });
    for (const given of ['null', 'undefined', token])
      expect(outcome(withHeaders(elsewhere, { authorization: `Bearer ${given}` }))).toBe('unauthorised');
  });
});

it('a session lasts 30 days, and no longer than the token', () => {
  const clock = manualClock();
  const { login, logout, outcome, change } = access({ clock });
  expect(() => login('wrong')).toThrow(HttpProblem);
  const cookie = login(token);
  expect(cookie).toMatch(
    /^muster_session=\d+\.[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000$/,
  );
  expect(cookie).not.toContain(token);
  expect(logout()).toMatch(/^muster_session=; .*Max-Age=0$/);
  const asker = withHeaders(elsewhere, { cookie: `theme=dark; ${cookie.split(';')[0]}` });
  expect(outcome(asker)).toBe('token');
  const longer = cookie.replace(/=\d+/, '=9999999999999').split(';')[0];
  expect(outcome(withHeaders(elsewhere, { cookie: longer }))).toBe('unauthorised');
  clock.advance(30 * 24 * 3_600_000);
  expect(outcome(asker)).toBe('unauthorised');
  const fresh = withHeaders(elsewhere, { cookie: login(token).split(';')[0] });
  expect(outcome(fresh)).toBe('token');
  change('another-token-of-16-characters');
  expect(outcome(fresh)).toBe('unauthorised');
});

it.each([
  [{ MUSTER_HTTP__HOST: '0.0.0.0' }, /http\.host.*0\.0\.0\.0.*http\.token_file/],
  [{ MUSTER_HTTP__HOST: '::' }, /http\.token_file/],
  [{ MUSTER_HTTP__HOST: 'door.example' }, /http\.token_file/],
  [{ MUSTER_HTTP__TOKEN: 'short' }, /http\.token .*16/],
])('a station does not start with %o', async (settings, message) => {
  const dir = await temporaryFolder();
  const { status, stderr } = await muster(dir, ['station'], { MUSTER_HTTP__PORT: '8080', ...settings });
  expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(stderr).not.toContain('short');
});

/** An address of this machine that others could reach; what is sent to it does not leave the machine. */
const address = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

it.skipIf(address === undefined)(
  address === undefined
    ? 'skipped: this machine has no address but loopback'
    : 'on an address that others reach, everything but the pages asks for the token',
  { timeout: 60_000 },
  async () => {
    const { port, url, lines, stop } = await startServed({
      MUSTER_HTTP__HOST: '0.0.0.0',
      MUSTER_HTTP__TOKEN: token,
    });
    const outside = `http://${address}:${port}`;
    for (const path of ['/ping', '/metrics', '/api/v1/health', '/api/v1/events/stream', '/api/v1/config']) {
      const refused = await fetch(`${outside}${path}`);
      expect([path, refused.status, refused.headers.get('www-authenticate')]).toEqual([
        path,
        401,
        'Bearer realm="muster"',
      ]);
      expect(await refused.json()).toMatchObject({ code: 'unauthorised', remedy: expect.any(String) });
    }
    expect((await fetch(`${outside}/photo_match`, { method: 'POST', body: new FormData() })).status).toBe(
      401,
    );
    const bearer = { headers: { authorization: `Bearer ${token}` } };
    expect((await fetch(`${outside}/ping`, bearer)).status).toBe(200);
    expect((await fetch(`${url}/ping`)).status).toBe(200);

    const login = (given: string) =>
      fetch(`${outside}/api/v1/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: given }),
      });
    expect((await login('wrong-token-of-16-characters')).status).toBe(401);
    const cookie = (await login(token)).headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await fetch(`${outside}/api/v1/info`, { headers: { cookie } })).status).toBe(200);

    const config = (await (await fetch(`${outside}/api/v1/config`, bearer)).json()) as {
      fields: { name: string; value: unknown }[];
    };
    expect(config.fields.find(({ name }) => name === 'http.token')).toMatchObject({
      value: '***',
      origin: 'MUSTER_HTTP__TOKEN',
    });
    expect(JSON.stringify([config, lines])).not.toContain(token);
    expect(await stop()).toBe(0);
  },
);

it('a page of the web does not reach a station under a name that was made to point to it', async () => {
  const { port } = await startServed();
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const sending = request({
      host: '127.0.0.1',
      port,
      path: '/api/v1/subjects',
      headers: { host: 'rebound.example' },
    });
    sending.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    sending.end();
  });
  expect(status).toBe(403);
});
