import type { Config } from '../config/schema.ts';

/** Where a station of this config is reached from its own machine. */
export function stationUrl({ host, port, cert_file }: Config['http']): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${cert_file === null ? 'http' : 'https'}://${name}:${port}`;
}
