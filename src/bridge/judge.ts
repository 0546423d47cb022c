import type { WriteOutcome } from './contract.ts';

/** What a failed request tells. */
export interface Failure {
  /** Null where no answer came. */
  readonly status: number | null;
  readonly message: string;
  readonly retryAfter: string | null;
}

/** Words with which InfluxDB says that the place to write to is missing, under whatever status. */
const missing =
  /(database|bucket|organization|organisation|retention policy)\b.*not found|could not find bucket/i;

const checkRights = 'Check influx.token (or username and password), and that it may write to influx.bucket.';
const checkPlace =
  'Check influx.url, influx.org and influx.bucket, and create the bucket or database if it is missing.';

/** How long a server may ask to be left alone at the most, ms: it may be wrong. */
const longestRetryAfterMs = 300_000;

/**
 * What a failed write means. Pure. A request without an answer, 408, 425, 429 and 5xx are a database that is away; 401, 403 and 404
 * are settings; 413 is a batch that is too large; any other 4xx is a point that it does not take (InfluxDB: 400 malformed or partial
 * write, 422 outside the retention time).
 */
export function judge({ status, message, retryAfter }: Failure, nowMs: number): WriteOutcome {
  const reason = oneLine(status === null ? message : `${status}: ${message}`);
  if (missing.test(message)) return { kind: 'misconfigured', reason, remedy: checkPlace };
  if (status === null || status >= 429 || status === 408 || status === 425 || status < 400) {
    // A redirect or another success than 204 is a wrong address more often than not, and may be a proxy's passing mood.
    return status === 431
      ? { kind: 'too_large', reason }
      : { kind: 'away', reason, retryAfterMs: retryAfterMs(retryAfter, nowMs) };
  }
  if (status === 401 || status === 403) return { kind: 'misconfigured', reason, remedy: checkRights };
  if (status === 404 || status === 405) return { kind: 'misconfigured', reason, remedy: checkPlace };
  if (status === 413) return { kind: 'too_large', reason };
  return { kind: 'refused', reason };
}

/** Seconds or an HTTP date [RFC 9110, 10.2.3]. (The client takes the seconds for milliseconds.) */
function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), longestRetryAfterMs);
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
