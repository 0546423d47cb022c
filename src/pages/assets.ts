import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { MusterError } from '../lib/errors.ts';
import { packageRoot } from '../lib/package.ts';
import { libraries } from './libraries.ts';

export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
  /** The same, smaller; null where it would not be. */
  readonly gzipped: Buffer | null;
  readonly etag: string;
}

/** Everything that the pages load, in memory: about half a megabyte. */
export interface Assets {
  /** Changes with any byte of them: it is part of their address, so that they may be cached for ever. */
  readonly version: string;
  /** By their name below `/assets/<version>/`, such as `kiosk/main.js`. */
  readonly files: ReadonlyMap<string, Asset>;
  /** Of the browser: where the modules of packages are. */
  readonly imports: Readonly<Record<string, string>>;
}

const compiled = join(packageRoot, 'dist/src/pages/browser');
const still = join(packageRoot, 'src/pages/static');

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Reads the pages' files. Throws MusterError `pages_missing` where they are not built. */
export async function loadAssets(): Promise<Assets> {
  const packages = libraries();
  const sources = [
    ...(await ownFiles(compiled, '.js')),
    ...(await ownFiles(still, '')),
    ...packages.map(({ asset, path }) => ({ name: asset, path })),
  ];
  const loaded = await Promise.all(
    sources.map(async ({ name, path }) => [name, await load(name, path)] as const),
  );
  const files = new Map(loaded.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const version = hashOf([...files].map(([name, { etag }]) => `${name} ${etag}\n`).join(''));
  const imports = packages.flatMap(({ specifier, asset }) =>
    specifier === null ? [] : [[specifier, `/assets/${version}/${asset}`] as const],
  );
  return { version, files, imports: Object.fromEntries(imports) };
}

async function ownFiles(folder: string, extension: string): Promise<{ name: string; path: string }[]> {
  try {
    const names = await readdir(folder, { recursive: true });
    return names
      .filter((name) => extname(name) !== '' && name.endsWith(extension))
      .map((name) => ({ name: name.replaceAll('\\', '/'), path: join(folder, name) }));
  } catch (error) {
    throw new MusterError('pages_missing', `the pages are not there: ${folder} can't be read`, {
      remedy: 'Build them: npm run setup.',
      cause: error,
    });
  }
}

async function load(name: string, path: string): Promise<Asset> {
  const bytes = await readFile(path);
  const type = types[extname(name)];
  if (type === undefined) throw new Error(`no content type is known for ${name}`);
  const smaller = await promisify(gzip)(bytes, { level: 9 });
  return {
    type,
    bytes,
    gzipped: smaller.length < bytes.length * 0.9 ? smaller : null,
    etag: `"${hashOf(bytes)}"`,
  };
}

function hashOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 16);
}
