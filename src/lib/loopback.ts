import { isIPv4 } from 'node:net';

/** Whether an address of a socket is on loopback (RFC 1122 section 3.2.1.3, RFC 4291 sections 2.5.3 and 2.5.5.2). */
export function isLoopbackAddress(address: string): boolean {
  const v4 = address.toLowerCase().replace(/^::ffff:/, '');
  return v4 === '::1' || (isIPv4(v4) && v4.startsWith('127.'));
}

/** Whether a host that is listened on, or named by a client, is this machine's loopback: an address, or `localhost`. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || isLoopbackAddress(bare);
}
