import { createParser } from 'eventsource-parser';
import type {
  AlertPayload,
  HealthPayload,
  InfoPayload,
  MetricsPayload,
  StatePayload,
} from '../../../telemetry/payloads.ts';
import { Problem, type Api } from './api.ts';
import { backOff } from './back-off.ts';
import type { LiveStatus, LogLine, ShownEvent } from './contract.ts';

/** What the station tells while it happens, by the event's name. */
export interface LiveEvents {
  checkin: ShownEvent;
  state: Pick<StatePayload, 'state' | 'since'>;
  /** Null: it is over. */
  alert: { readonly id: string; readonly alert: AlertPayload | null };
  metrics: MetricsPayload;
  health: HealthPayload;
  info: InfoPayload;
  log: LogLine;
}

export interface LiveOptions {
  readonly api: Api;
  readonly onStatus: (status: LiveStatus) => void;
  readonly on: { readonly [Name in keyof LiveEvents]?: (event: LiveEvents[Name]) => void };
}

/** The station sends a sign of life every 15 s; after this long without one the connection is taken for dead, ms. */
const silenceMs = 40_000;

/**
 * Follows the station's events until it is told to stop, over as many connections as it takes. Not an EventSource, which can
 * bring no token and does not notice that the other side went away without a word.
 */
export function followStation({ api, onStatus, on }: LiveOptions): () => void {
  let connection = new AbortController();
  let failures = 0;
  let waiting: number | undefined;
  let stopped = false;

  const parser = createParser({
    onEvent({ event, data }) {
      const handler = on[(event ?? '') as keyof LiveEvents] as ((event: unknown) => void) | undefined;
      handler?.(JSON.parse(data));
    },
  });

  const again = () => {
    if (waiting === undefined) return;
    clearTimeout(waiting);
    void connect();
  };
  window.addEventListener('online', again);
  document.addEventListener('visibilitychange', again);
  void connect();

  return () => {
    stopped = true;
    clearTimeout(waiting);
    connection.abort();
    window.removeEventListener('online', again);
    document.removeEventListener('visibilitychange', again);
  };

  async function connect(): Promise<void> {
    waiting = undefined;
    connection = new AbortController();
    try {
      await read(connection);
    } catch (error) {
      if (stopped) return;
      if (error instanceof Problem && error.status === 401) {
        onStatus('unauthorised');
        return;
      }
    }
    if (stopped) return;
    failures++;
    onStatus('offline');
    waiting = window.setTimeout(() => void connect(), backOff(failures, Math.random()));
  }

  async function read(within: AbortController): Promise<void> {
    let silence = window.setTimeout(() => within.abort(), silenceMs);
    try {
      const { body } = await api.stream('events/stream', within.signal);
      if (body === null) return;
      parser.reset();
      failures = 0;
      onStatus('live');
      const reader = body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = window.setTimeout(() => within.abort(), silenceMs);
        parser.feed(value);
      }
    } finally {
      clearTimeout(silence);
    }
  }
}
