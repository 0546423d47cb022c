import { isoTime, type Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { AlertPayload } from './payloads.ts';

/** Each with its meaning and remedy in docs/broker.md. */
export const alertIds = [
  'broker-unreachable',
  'broker-refused',
  'broker-tls',
  'broker-protocol',
  'broker-credentials',
  'broker-unsteady',
  'client-id-taken',
  'publish-refused',
  'outbox-unreadable',
  'outbox-full',
  'outbox-dropped',
  'inbox-unusable',
  'bursts-unusable',
  'camera-failing',
  'board-throttled',
  'store-damaged',
  'store-failing',
  'vision-failing',
  'pad-unavailable',
  'gallery-refused',
  'gallery-unused',
  'not-subscribed',
  'disk-low',
  'self-test-failing',
  'upkeep-failing',
  'http-port',
] as const;
export type AlertId = (typeof alertIds)[number];

/** With these a station still does all that it should: a board that is hot is slower, and its state stays `ready`. */
const harmless: ReadonlySet<string> = new Set<AlertId>(['board-throttled']);

/** Whether a station with this alert is `degraded`. */
export function isDegrading({ id }: Pick<AlertPayload, 'id'>): boolean {
  return !harmless.has(id);
}

export interface Alerts {
  /** Raises an alert, or changes the message of one that is raised. */
  raise(id: AlertId, severity: AlertPayload['severity'], message: string): void;
  clear(id: AlertId): void;
  active(): readonly AlertPayload[];
  /** Calls back with each change: the alert, or null when it was cleared. */
  onChange(listener: (id: AlertId, alert: AlertPayload | null) => void): void;
}

/** The conditions that a person should know of, as long as they last. Each change is logged once. */
export function createAlerts({ clock, log }: { clock: Clock; log: Log }): Alerts {
  const raised = new Map<AlertId, AlertPayload>();
  const listeners: ((id: AlertId, alert: AlertPayload | null) => void)[] = [];

  return {
    raise(id, severity, message) {
      const before = raised.get(id);
      if (before?.message === message && before.severity === severity) return;
      const since = before?.since ?? isoTime(clock.now());
      const alert: AlertPayload = { schema: 'alert/1', id, severity, message, since };
      raised.set(id, alert);
      log[severity === 'error' ? 'error' : 'warn']({ alert: id }, message);
      for (const listener of listeners) listener(id, alert);
    },
    clear(id) {
      if (!raised.delete(id)) return;
      log.info({ alert: id }, 'alert cleared');
      for (const listener of listeners) listener(id, null);
    },
    active: () => [...raised.values()],
    onChange(listener) {
      listeners.push(listener);
    },
  };
}
