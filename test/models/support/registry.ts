import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { NpmSource } from '../../../src/models/manifest.ts';

export interface TestPackage {
  readonly source: NpmSource;
  /** Where the tarball is. */
  readonly file: string;
}

const name = 'test-weights';
const version = '1.2.3';

/** A package of these files, packed by npm itself into `folder`. */
export async function packPackage(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<TestPackage> {
  const root = join(folder, 'package');
  const all = { ...files, 'package.json': JSON.stringify({ name, version }) };
  for (const [path, content] of Object.entries(all)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  await promisify(execFile)('npm', ['pack', '--silent', '--offline', '--pack-destination', folder], {
    cwd: root,
  });
  const file = join(folder, `${name}-${version}.tgz`);
  return { source: sourceOf(await readFile(file)), file };
}

/** The source that a manifest would name for a tarball. */
export function sourceOf(tarball: Uint8Array): NpmSource {
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  return { kind: 'npm', package: name, version, integrity };
}

export interface Registry extends AsyncDisposable {
  readonly url: string;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
}

/** An npm registry on the loopback that serves one package, or answers every question with `status`. */
export async function startRegistry(tarball: Uint8Array, status = 200): Promise<Registry> {
  const requests: string[] = [];
  const server = createServer(({ url: path = '', headers: { host = '' } }, response) => {
    requests.push(path);
    if (status !== 200) {
      response.writeHead(status).end();
    } else if (path === `/${name}`) {
      const { integrity } = sourceOf(tarball);
      const dist = { tarball: `http://${host}/${name}/-/${name}-${version}.tgz`, integrity };
      const packument = {
        name,
        'dist-tags': { latest: version },
        versions: { [version]: { name, version, dist } },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(packument));
    } else if (path.endsWith('.tgz')) {
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(tarball);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the registry has no port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
