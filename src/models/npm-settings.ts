import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

/** The part of the user's npm settings that a download needs, by the names that pacote has for them. */
export interface NpmSettings {
  registry?: string;
  /** Folder of the content-addressed cache. */
  cache?: string;
  proxy?: string;
  httpsProxy?: string;
  noProxy?: string | string[];
  strictSSL?: boolean;
  /** Certificates of authorities, PEM. */
  ca?: string | string[];
}

const text = z.string().optional().catch(undefined);
const listOrText = z
  .union([z.array(z.string()), z.string()])
  .optional()
  .catch(undefined);

/** What `npm config list --json` prints of interest. A value of an unexpected kind counts as not set. */
const npmConfig = z.object({
  registry: text,
  cache: text,
  proxy: text,
  'https-proxy': text,
  noproxy: listOrText,
  'strict-ssl': z.boolean().optional().catch(undefined),
  ca: listOrText,
  cafile: text,
});

/**
 * The settings as npm itself sees them: its files, its environment, its defaults. Where there is no npm, only the
 * environment counts. Secrets are not among them: npm does not hand them out, so that a registry that wants a
 * password needs `--from`.
 */
export async function readNpmSettings(): Promise<NpmSettings> {
  const config = await readConfig();
  const { cache, cafile } = config;
  const settings = {
    registry: config.registry,
    cache: cache === undefined ? undefined : join(cache, '_cacache'),
    proxy: config.proxy,
    httpsProxy: config['https-proxy'],
    noProxy: config.noproxy,
    strictSSL: config['strict-ssl'],
    ca: config.ca ?? (cafile === undefined ? undefined : await certificates(cafile)),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

async function readConfig(): Promise<z.output<typeof npmConfig>> {
  try {
    const { stdout } = await promisify(execFile)('npm', ['config', 'list', '--json'], {
      shell: process.platform === 'win32',
      maxBuffer: 16 * 1024 * 1024,
      timeout: 30_000,
    });
    return npmConfig.parse(JSON.parse(stdout));
  } catch {
    const { npm_config_registry: registry, npm_config_cache: cache } = process.env;
    return npmConfig.parse({ registry, cache });
  }
}

/** The certificates of a file one by one, as a TLS socket takes them. None where the file cannot be read. */
async function certificates(file: string): Promise<string[] | undefined> {
  const pem = await readFile(file, 'utf8').catch(() => '');
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? undefined;
}
