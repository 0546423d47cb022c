import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync, type IClientOptions } from 'mqtt';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';
import { createAuthority, hasOpenssl } from './certificates.ts';
import { hasMosquitto, startMosquitto } from './mosquitto.ts';
import { temporaryFolder } from './tools.ts';

export const runsShippedBroker = hasMosquitto && hasOpenssl;
export const withoutShippedBroker = 'skipped: mosquitto or openssl is not installed';

/** Mosquitto with the shipped configuration and ACL; only paths and the port are the test's. */
export async function startShippedBroker() {
  const dir = await temporaryFolder();
  const authority = createAuthority(dir, 'site-ca');
  const server = authority.issue('server');
  const shipped = await readFile(join(packageRoot, 'deploy/mosquitto/mosquitto.conf'), 'utf8');
  const acl = join(dir, 'acl');
  // Mosquitto insists on a last line feed, and on a file of its own user.
  await writeFile(acl, await readFile(join(packageRoot, 'deploy/mosquitto/acl'), 'utf8'));
  const settings = shipped
    .replace(/^listener .*$/m, '')
    .replace('/etc/mosquitto/muster/ca.crt', authority.caFile)
    .replace('/etc/mosquitto/muster/server.crt', server.certFile)
    .replace('/etc/mosquitto/muster/server.key', server.keyFile)
    .replace('/etc/mosquitto/muster/acl', acl)
    .replace('/var/lib/mosquitto/', `${dir}/`);
  const { url } = await startMosquitto(settings.split('\n'), 'mqtts');
  const as = (name: string): IClientOptions => {
    const { cert, key } = authority.issue(name);
    return { ca: authority.ca, cert, key, protocolVersion: 5, reconnectPeriod: 0 };
  };
  const connect = async (name: string) => {
    const client = await connectAsync(url, as(name));
    onTestFinished(() => void client.end(true));
    return client;
  };
  return { dir, authority, url, connect };
}
