import { request, type RequestOptions } from 'node:https';
import { expect, it } from 'vitest';
import { createAuthority, hasOpenssl } from '../support/certificates.ts';
import { temporaryFolder } from '../support/tools.ts';
import { startServed } from './support.ts';

const title = hasOpenssl ? 'with' : 'skipped, as openssl is missing: with';

it.skipIf(!hasOpenssl)(
  `${title} a certificate the API is served over TLS only`,
  { timeout: 60_000 },
  async () => {
    const dir = await temporaryFolder();
    const authority = createAuthority(dir, 'site');
    const { certFile, keyFile } = authority.issue('door');
    const { port, stop } = await startServed({
      MUSTER_HTTP__CERT_FILE: certFile,
      MUSTER_HTTP__KEY_FILE: keyFile,
    });
    const ask = (options: RequestOptions) =>
      new Promise<{ status: number | undefined; version: string | null }>((resolve, reject) => {
        const sending = request({ host: '127.0.0.1', port, path: '/ping', ...options });
        sending.on('response', (response) => {
          const { socket } = response as unknown as { socket: { getProtocol(): string | null } };
          resolve({ status: response.resume().statusCode, version: socket.getProtocol() });
        });
        sending.on('error', reject).end();
      });
    expect(await ask({ ca: authority.ca })).toEqual({ status: 200, version: 'TLSv1.3' });
    await expect(ask({})).rejects.toThrow(/certificate/);
    await expect(ask({ ca: authority.ca, maxVersion: 'TLSv1.1' })).rejects.toThrow(/protocol|version/i);
    await expect(fetch(`http://127.0.0.1:${port}/ping`)).rejects.toThrow('fetch failed');
    expect(await stop()).toBe(0);
  },
);
