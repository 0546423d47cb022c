import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { fastify, type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadAssets, type Assets } from '../../src/pages/assets.ts';
import { pagesPlugin } from '../../src/pages/plugin.ts';

const paths = ['/', '/kiosk', '/operator', '/compare'];

describe('the pages', () => {
  let server: FastifyInstance;
  let assets: Assets;
  beforeAll(async () => {
    server = fastify();
    await server.register(pagesPlugin);
    assets = await loadAssets();
  });
  afterAll(() => server.close());

  test.each(paths)('%s runs no script but its own', async (path) => {
    const { statusCode, headers, body } = await server.inject(path);
    expect(statusCode).toBe(200);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).not.toContain('unsafe');
    for (const [, attributes = '', text = ''] of body.matchAll(/<script([^>]*)>([^<]*)/g)) {
      if (attributes.includes('src=')) continue;
      const hash = createHash('sha256').update(text).digest('base64');
      expect(policy).toContain(`'sha256-${hash}'`);
    }
    expect(body).not.toMatch(/ style=| on\w+=|https?:/);
  });

  test.each(paths)('all that %s names is there', async (path) => {
    const { body } = await server.inject(path);
    const named = [...body.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(2);
    for (const name of named) expect((await server.inject(name)).statusCode, name).toBe(200);
  });

  test('every module finds what it imports', () => {
    for (const [name, { bytes, type }] of assets.files) {
      if (!type.startsWith('text/javascript')) continue;
      const imports = bytes.toString().matchAll(/^(?:import|export)[\w\s{},*$]*from\s*["']([^"']+)["']/gm);
      for (const [, specifier = ''] of imports) {
        // That of a code sample.
        if (specifier === 'node:fs') continue;
        const found = specifier.startsWith('.')
          ? assets.files.has(new URL(specifier, `http://x/${name}`).pathname.slice(1))
          : specifier in assets.imports;
        expect(found, `${name} imports ${specifier}`).toBe(true);
      }
    }
  });

  test('an asset is cached for ever, a page is asked for again', async () => {
    const style = `/assets/${assets.version}/style.css`;
    const first = await server.inject({ url: style, headers: { 'accept-encoding': 'gzip, br' } });
    expect(first.headers['cache-control']).toContain('immutable');
    expect(first.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(first.rawPayload)).toEqual(assets.files.get('style.css')?.bytes);
    const plain = await server.inject(style);
    expect(plain.headers['content-encoding']).toBeUndefined();
    const again = await server.inject({
      url: style,
      headers: { 'if-none-match': String(first.headers.etag) },
    });
    expect({ status: again.statusCode, body: again.body }).toEqual({ status: 304, body: '' });
    const page = await server.inject({ method: 'HEAD', url: '/kiosk' });
    expect(page.headers).toMatchObject({ 'cache-control': 'no-cache', etag: `"${assets.version}"` });
  });

  test.each([
    '/assets/',
    '/assets/0123456789abcdef/style.css',
    'style.css/..',
    '../../../package.json',
    '%2e%2e/%2e%2e/package.json',
    'lib/../../../../etc/passwd',
    'constructor',
    'lib/preact.js%00',
  ])('there is nothing at %s', async (name) => {
    const url = name.startsWith('/') ? name : `/assets/${assets.version}/${name}`;
    expect((await server.inject({ url })).statusCode).toBe(404);
  });

  test('they are small', () => {
    const sent = [...assets.files.values()].map(({ bytes, gzipped }) => (gzipped ?? bytes).length);
    expect(sent.reduce((sum, size) => sum + size, 0)).toBeLessThan(200 * 1024);
  });
});
