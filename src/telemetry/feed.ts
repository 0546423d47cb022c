import type { AlertId } from './alerts.ts';
import type { NumberedEvent } from './contract.ts';
import type {
  AlertPayload,
  HealthPayload,
  InfoPayload,
  MetricsPayload,
  StatePayload,
  StationState,
} from './payloads.ts';

export type ShownState = Pick<StatePayload, 'state' | 'since'>;

/** Something that the station tells of itself, as it tells it on its topics. */
export type News =
  | { readonly kind: 'checkin'; readonly payload: NumberedEvent }
  | { readonly kind: 'state'; readonly payload: ShownState }
  /** Null: the alert was cleared. */
  | {
      readonly kind: 'alert';
      readonly payload: { readonly id: AlertId; readonly alert: AlertPayload | null };
    }
  | { readonly kind: 'metrics'; readonly payload: MetricsPayload }
  | { readonly kind: 'health'; readonly payload: HealthPayload }
  | { readonly kind: 'info'; readonly payload: InfoPayload };

/** What the station told last, and what it tells, for those who are inside its process. */
export interface Feed {
  state(): ShownState;
  /** Null until they are known. */
  info(): InfoPayload | null;
  health(): HealthPayload | null;
  /** The newest events, the newest first; only those with a greater `seq` than `after`. */
  recent(limit: number, after: number): readonly NumberedEvent[];
  /** Calls back with each; returns what ends that. */
  onNews(listener: (news: News) => void): () => void;
}

export interface FeedSource extends Feed {
  tell(news: News): void;
}

/** Events kept in memory, of about 1 KB each. */
const keptEvents = 500;

export function createFeed(initial: { readonly state: StationState; readonly since: string }): FeedSource {
  const listeners = new Set<(news: News) => void>();
  const events: NumberedEvent[] = [];
  let state: ShownState = initial;
  let info: InfoPayload | null = null;
  let health: HealthPayload | null = null;

  return {
    state: () => state,
    info: () => info,
    health: () => health,
    recent(limit, after) {
      return events
        .slice(-limit)
        .filter(({ seq }) => seq > after)
        .toReversed();
    },
    onNews(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell(news) {
      if (news.kind === 'state') {
        if (news.payload.state === state.state && news.payload.since === state.since) return;
        state = news.payload;
      } else if (news.kind === 'info') info = news.payload;
      else if (news.kind === 'health') health = news.payload;
      else if (news.kind === 'checkin') {
        events.push(news.payload);
        if (events.length > keptEvents) events.shift();
      }
      for (const listener of listeners) listener(news);
    },
  };
}
