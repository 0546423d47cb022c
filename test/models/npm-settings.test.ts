import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readNpmSettings } from '../../src/models/npm-settings.ts';
import { temporaryFolder } from './support/folder.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('readNpmSettings', () => {
  it('asks npm, which knows its files and the environment', async () => {
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/mirror/');
    vi.stubEnv('npm_config_cache', join('/', 'somewhere'));
    vi.stubEnv('npm_config_strict_ssl', 'false');
    expect(await readNpmSettings()).toMatchObject({
      registry: 'http://127.0.0.1:9/mirror/',
      cache: join('/', 'somewhere', '_cacache'),
      strictSSL: false,
    });
  });

  it('reads the environment itself where there is no npm', async () => {
    await using empty = await temporaryFolder();
    vi.stubEnv('PATH', empty.path);
    vi.stubEnv('npm_config_registry', 'http://127.0.0.1:9/mirror/');
    vi.stubEnv('npm_config_cache', undefined);
    expect(await readNpmSettings()).toEqual({ registry: 'http://127.0.0.1:9/mirror/' });
  });
});
