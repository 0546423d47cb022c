import { createServer } from 'node:net';
import { once } from 'node:events';
import { codeOf } from '../../lib/errors.ts';
import { failure, none, ok, warning, type Check } from '../contract.ts';
import { stationUrl } from '../station-url.ts';

/** The port of API and pages: a station answers there, or it is free. */
export const http: Check = {
  name: 'http',
  async run({ config, signal }) {
    const { host, port, cert_file } = config.http;
    if (port === 0) return none('http.port is 0: no API and no pages');
    const url = stationUrl(config.http);
    const free = await canListen(host, port);
    if (free === null) return ok(`the port ${port} is free for the station`);
    if (free !== 'EADDRINUSE')
      return failure(
        `${host}:${port} can't be listened on (${free})`,
        'Choose another http.host or http.port (from 1024 on).',
      );
    // A certificate of one's own is no stranger's: only whether a station is there is asked.
    if (cert_file !== null) return ok(`somebody listens on ${url}; with TLS the doctor does not ask who`);
    const answer = await fetch(`${url}/ping`, { signal })
      .then((response) => response.json() as Promise<Record<string, unknown>>)
      .catch(() => null);
    if (answer?.['API Status'] !== 200)
      return failure(
        `another program listens on ${url}`,
        `sudo ss -ltnp 'sport = :${port}' shows which; end it, or choose another http.port.`,
      );
    const state = String(answer['state']);
    if (state === 'ready') return ok(`a station answers on ${url}: ready`);
    return warning(`a station answers on ${url}: ${state}`, `curl ${url}/api/v1/health tells what is wrong.`);
  },
};

/** Null where it can be listened on. */
async function canListen(host: string, port: number): Promise<string | null> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return null;
  } catch (error) {
    return codeOf(error) ?? 'no reason given';
  } finally {
    server.close();
  }
}
