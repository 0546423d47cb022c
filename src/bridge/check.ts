import { codeOf, messageOf } from '../lib/errors.ts';
import { judge } from './judge.ts';

export interface CheckOptions {
  readonly url: string;
  readonly org: string;
  readonly bucket: string;
  /** A token, or `username:password`. */
  readonly token: string | null;
  readonly username: string | null;
  readonly timeoutMs: number;
}

export type DatabaseCheck =
  | { readonly kind: 'ok'; readonly server: string; readonly note: string | null }
  | { readonly kind: 'away'; readonly reason: string }
  | { readonly kind: 'misconfigured'; readonly reason: string; readonly remedy: string };

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * Asks the database who it is, whether it knows us, and whether the bucket is there; reads only. What can't be asked (a token
 * with the right to write and no other) is no fault: the first write tells. Never rejects.
 */
export async function checkDatabase(options: CheckOptions): Promise<DatabaseCheck> {
  const { url, token } = options;
  try {
    const ping = await get('/ping');
    if (ping.status === 401 || ping.status === 403) return refused(ping);
    if (ping.status >= 500 || ping.status === 429)
      return { kind: 'away', reason: `${url}/ping answers ${ping.status}` };
    const version = /^v?(\d+)\.\S*/.exec(ping.headers.get('x-influxdb-version') ?? versionIn(ping.text));
    if (await isVictoriaMetrics()) return { kind: 'ok', server: 'VictoriaMetrics', note: null };
    const server = version === null ? 'a database of unknown make' : `InfluxDB ${version[0]}`;
    if (version?.[1] === '1') return await checkOne(server);
    if (version?.[1] === '2') return await checkTwo(server);
    if (version?.[1] === '3') return await checkThree(server);
    return {
      kind: 'ok',
      server,
      note: 'whether the bucket is there can not be asked; the first write tells',
    };
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause;
    const reason = codeOf(cause) ?? (cause === undefined ? messageOf(error) : messageOf(cause));
    return { kind: 'away', reason: `${url} can't be reached: ${reason}` };
  }

  async function isVictoriaMetrics(): Promise<boolean> {
    const { status, text } = await get('/metrics');
    return status === 200 && text.includes('vm_app_version');
  }

  async function checkOne(server: string): Promise<DatabaseCheck> {
    const authorization = token === null ? null : `Basic ${Buffer.from(token).toString('base64')}`;
    const answer = await get('/query?q=SHOW%20DATABASES', authorization);
    if (answer.status === 401 || answer.status === 403) return refused(answer);
    const [database = ''] = options.bucket.split('/');
    const { results } = json(answer) as { results?: { series?: { values?: unknown[][] }[] }[] };
    const names = results?.[0]?.series?.[0]?.values?.map(([name]) => name);
    if (names === undefined) return unasked(server);
    if (names.includes(database)) return { kind: 'ok', server, note: null };
    return {
      kind: 'misconfigured',
      reason: `${server} at ${url} has no database '${database}'`,
      remedy: `Create it: influx -execute 'CREATE DATABASE "${database}"', or set influx.bucket to another.`,
    };
  }

  async function checkTwo(server: string): Promise<DatabaseCheck> {
    const query = new URLSearchParams({ name: options.bucket, org: options.org });
    const answer = await get(`/api/v2/buckets?${query.toString()}`, token === null ? null : `Token ${token}`);
    if (answer.status === 401) return refused(answer);
    if (answer.status !== 200 && answer.status !== 404) return unasked(server);
    const { buckets } = json(answer) as { buckets?: unknown[] };
    if (buckets !== undefined && buckets.length > 0) return { kind: 'ok', server, note: null };
    return {
      kind: 'misconfigured',
      reason: `${server} at ${url} shows no bucket '${options.bucket}' of organisation '${options.org}' to this token`,
      remedy: `Create it: influx bucket create --org ${options.org} --name ${options.bucket}; or check influx.org, influx.bucket and the rights of influx.token. (A token that may only write can't see it; then take no notice.)`,
    };
  }

  async function checkThree(server: string): Promise<DatabaseCheck> {
    const path = '/api/v3/configure/database?format=json';
    const answer = await get(path, token === null ? null : `Bearer ${token}`);
    if (answer.status === 401) return refused(answer);
    const list: unknown = answer.status === 200 ? json(answer) : null;
    if (!Array.isArray(list)) return unasked(server);
    const names = list.map((one) => (one as Record<string, unknown>)['iox::database']);
    if (names.includes(options.bucket)) return { kind: 'ok', server, note: null };
    return { kind: 'ok', server, note: `the database '${options.bucket}' is made with the first point` };
  }

  function unasked(server: string): DatabaseCheck {
    return {
      kind: 'ok',
      server,
      note: `whether '${options.bucket}' is there may not be asked; the first write tells`,
    };
  }

  function refused({ status, text }: Answer): DatabaseCheck {
    const outcome = judge({ status, message: text, retryAfter: null }, 0);
    const as =
      token === null
        ? 'without a token'
        : options.username === null
          ? 'with this token'
          : `as user '${options.username}'`;
    return {
      kind: 'misconfigured',
      reason: `${url} refuses the bridge ${as} (${status})`,
      remedy: outcome.kind === 'misconfigured' ? outcome.remedy : '',
    };
  }

  async function get(path: string, authorization: string | null = null): Promise<Answer> {
    const response = await fetch(`${url.replace(/\/$/, '')}${path}`, {
      headers: authorization === null ? {} : { authorization },
      signal: AbortSignal.timeout(options.timeoutMs),
      redirect: 'manual',
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
}

function versionIn(text: string): string {
  try {
    const { version } = JSON.parse(text) as { version?: unknown };
    return typeof version === 'string' ? version : '';
  } catch {
    return '';
  }
}

function json({ text }: Answer): object {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
}
