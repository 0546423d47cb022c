import { codeOf, messageOf, MusterError } from '../lib/errors.ts';

export interface DatabaseOptions {
  readonly url: string;
  /** `<database>`, or `<database>/<retention policy>`. */
  readonly bucket: string;
  /** Of InfluxDB 2 and 3; null for none. */
  readonly token: string | null;
  /** Of InfluxDB 1; null for none. */
  readonly login: { readonly username: string; readonly password: string } | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** One group of an answer. A missing value is null. */
export interface Series {
  readonly tags: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, string | number | boolean | null>>[];
}

export interface InfluxQuery {
  /** Runs one InfluxQL statement. Times are epoch ms in the column `time`. Throws a MusterError with a remedy. */
  (statement: string): Promise<Series[]>;
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly tags?: Readonly<Record<string, string>>;
      readonly columns: readonly string[];
      readonly values: readonly (readonly (string | number | boolean | null)[])[];
    }[];
  }[];
}

/** Asks InfluxDB 1, 2 or 3 in InfluxQL, over the call /query that all of them have. */
export function createInfluxQuery(options: DatabaseOptions): InfluxQuery {
  const { url, bucket } = options;
  const [database = '', policy] = bucket.split('/');
  const headers = authorization(options);

  return async (statement) => {
    const parameters = new URLSearchParams({ db: database, q: statement, epoch: 'ms' });
    if (policy !== undefined) parameters.set('rp', policy);
    const { status, text } = await get(`${url.replace(/\/$/, '')}/query?${parameters.toString()}`);
    if (status === 401 || status === 403) throw refused(url, status);
    const answer = parsed(text);
    const [result] = answer?.results ?? [];
    const error = answer?.error ?? result?.error;
    if (/not found|not exist/i.test(error ?? '') && /database|bucket|dbrp|retention/i.test(error ?? '')) {
      throw databaseMissing(url, bucket);
    }
    if (status !== 200 || answer?.results === undefined || error !== undefined) {
      throw new MusterError(
        'influx_query_failed',
        `${url} can't answer: ${error ?? `status ${status}, ${text.slice(0, 200)}`}`,
        { remedy: 'Is influx.url that of InfluxDB 1, 2 or 3? The report needs its InfluxQL call /query.' },
      );
    }
    return (result?.series ?? []).map(({ tags = {}, columns, values }) => ({
      tags,
      rows: values.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null]))),
    }));
  };

  async function get(address: string): Promise<{ status: number; text: string }> {
    try {
      const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeoutMs)]);
      const response = await fetch(address, { headers, signal });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      options.signal.throwIfAborted();
      const cause = (error as { cause?: unknown }).cause;
      const reason =
        error instanceof Error && error.name === 'TimeoutError'
          ? `no answer within ${options.timeoutMs / 1000} s`
          : (codeOf(cause) ?? messageOf(cause ?? error));
      throw new MusterError('influx_unreachable', `${url} can't be reached: ${reason}`, {
        remedy:
          'Is the database running, and is influx.url right? A long period may need a larger influx.timeout_s.',
        cause: error,
      });
    }
  }
}

function authorization({ token, login }: DatabaseOptions): Record<string, string> {
  if (token !== null) return { authorization: `Token ${token}` };
  if (login === null) return {};
  return {
    authorization: `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`,
  };
}

function refused(url: string, status: number): MusterError {
  return new MusterError('influx_refused', `${url} refuses the token or the password (status ${status})`, {
    remedy:
      'Set influx.token_file (InfluxDB 2 and 3), or influx.username and influx.password_file (InfluxDB 1), to what may read the bucket.',
  });
}

function databaseMissing(url: string, bucket: string): MusterError {
  return new MusterError('influx_database_missing', `${url} has no database '${bucket}'`, {
    remedy: 'Set influx.bucket to the one that muster bridge writes to; the bridge makes none by itself.',
  });
}

function parsed(text: string): Answer | null {
  try {
    return JSON.parse(text) as Answer | null;
  } catch {
    return null;
  }
}
