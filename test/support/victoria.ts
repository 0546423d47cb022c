import { freePort } from '../../demo/free-port.ts';
import { isInstalled, startServer, type Server } from './servers.ts';
import { temporaryFolder } from './tools.ts';

export const hasVictoria = isInstalled('victoria-metrics', '-version');
export const withoutVictoria = 'skipped: the program victoria-metrics is not installed';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
  readonly timestamps: readonly number[];
}

export interface Victoria extends Server {
  /** Every series that the selector matches, with all samples; times in ms. */
  export(selector: string): Promise<Series[]>;
}

/** A VictoriaMetrics on a free port of loopback, which keeps one sample of those that are written twice. */
export async function startVictoria(): Promise<Victoria> {
  const dir = await temporaryFolder();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer(url, '/health', 'victoria-metrics', [
    `-httpListenAddr=127.0.0.1:${port}`,
    `-storageDataPath=${dir}`,
    '-dedup.minScrapeInterval=1ms',
    '-retentionPeriod=100y',
    '-search.latencyOffset=0s',
    '-memory.allowedBytes=128MB',
  ]);
  return {
    ...server,
    async export(selector) {
      await fetch(`${url}/internal/force_flush`);
      const query = new URLSearchParams({ 'match[]': selector, reduce_mem_usage: '0' });
      const text = await (await fetch(`${url}/api/v1/export?${query.toString()}`)).text();
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Series);
    },
  };
}
