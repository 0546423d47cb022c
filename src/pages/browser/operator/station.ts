import type {
  AlertPayload,
  HealthPayload,
  InfoPayload,
  MetricsPayload,
  StatePayload,
} from '../../../telemetry/payloads.ts';
import type { LiveStatus, LogLine, ShownEvent } from '../lib/contract.ts';

/** What the operator's page knows of the station. A value: each piece of news makes a new one. */
export interface Station {
  readonly status: LiveStatus;
  readonly state: Pick<StatePayload, 'state' | 'since'> | null;
  readonly info: InfoPayload | null;
  readonly health: HealthPayload | null;
  readonly metrics: MetricsPayload | null;
  readonly alerts: readonly AlertPayload[];
  /** The newest first. */
  readonly events: readonly ShownEvent[];
  /** The oldest first. */
  readonly log: readonly LogLine[];
}

export const unknownStation: Station = {
  status: 'connecting',
  state: null,
  info: null,
  health: null,
  metrics: null,
  alerts: [],
  events: [],
  log: [],
};

export type StationNews =
  /** Some of it anew as a whole, as when the connection is there (again). */
  | { readonly kind: 'known'; readonly facts: Partial<Station> }
  | { readonly kind: 'checkin'; readonly event: ShownEvent }
  | { readonly kind: 'alert'; readonly id: string; readonly alert: AlertPayload | null }
  | { readonly kind: 'log'; readonly line: LogLine };

/** As many as are drawn; the database has the others. */
export const keptEvents = 200;
const keptLines = 500;

export function told(station: Station, news: StationNews): Station {
  if (news.kind === 'known') return { ...station, ...news.facts };
  if (news.kind === 'log') return { ...station, log: [...station.log, news.line].slice(-keptLines) };
  if (news.kind === 'alert') {
    const others = station.alerts.filter(({ id }) => id !== news.id);
    return { ...station, alerts: news.alert === null ? others : [...others, news.alert] };
  }
  const others = station.events.filter(({ event_id }) => event_id !== news.event.event_id);
  return { ...station, events: [news.event, ...others].slice(0, keptEvents) };
}
