import type { Connection, Session } from '../../broker/contract.ts';
import type { StationTopics } from '../../broker/topics.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { RemoteFeature } from '../contract.ts';
import type { RemoteSettings, Scope } from './contract.ts';

export interface ConfigOptions {
  readonly topics: StationTopics;
  readonly connection: Connection;
  readonly settings: RemoteSettings;
  readonly log: Log;
}

export interface Actions {
  /** Some that are read at each use are in force. */
  readonly live: () => void;
  /** The station has to begin again. */
  readonly again: () => void;
}

export interface ConfigFeature extends RemoteFeature {
  /** What came since the connection began is judged from here on: a trial must have ended. */
  serve(actions: Actions): void;
  /** Resolves when no settings are being judged or written. */
  idle(): Promise<void>;
}

/** Takes settings on `config/desired` of the station and of its site, and tells on `config/reported` what became of them. */
export function createConfigFeature({ topics, connection, settings, log }: ConfigOptions): ConfigFeature {
  /** The newest of each scope, until it is judged. */
  const waiting = new Map<Scope, Buffer>();
  let actions: Actions | null = null;
  let working = false;
  let work = Promise.resolve();

  return {
    filters: [topics.siteConfigDesired, topics.configDesired],
    onMessage({ topic, payload }) {
      waiting.set(topic === topics.configDesired ? 'station' : 'site', payload);
      start();
    },
    onSession: (session) => void report(session),
    serve(given) {
      actions = given;
      void report(connection.session());
      start();
    },
    idle: () => work,
  };

  function start(): void {
    if (actions === null || working) return;
    work = workOff(actions);
  }

  async function workOff({ live, again }: Actions): Promise<void> {
    working = true;
    for (const [scope] of waiting) {
      const payload = waiting.get(scope);
      waiting.delete(scope);
      if (payload === undefined) continue;
      const outcome = await settings.receive(scope, payload).catch((error: unknown) => {
        log.error({ err: error }, 'settings from afar can not be written to disk');
        return 'unchanged' as const;
      });
      if (outcome === 'live') live();
      if (outcome === 'again') {
        // What else came is kept by the broker and comes again with the next session.
        again();
        return;
      }
      // Not waited for: the end of the station waits for this work, and a broker may hang.
      void report(connection.session());
    }
    working = false;
  }

  async function report(session: Session | null): Promise<void> {
    if (session === null || actions === null) return;
    try {
      const text = JSON.stringify(settings.report());
      await session.publish(topics.configReported, text, { qos: 1, retain: true });
    } catch (error) {
      log.debug({ topic: topics.configReported }, `not published: ${messageOf(error)}`);
    }
  }
}
