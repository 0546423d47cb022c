import { messageOf, MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Trouble, TroubleCode } from './contract.ts';

/** What the connection's attempts and sessions say of its trouble. */
export interface Troubles {
  listen(listener: (trouble: Trouble | null) => void): void;
  failed(error: unknown): void;
  /** Returns whether the trouble goes on, since it is one of sessions that end too soon. */
  connected(): boolean;
  /**
   * A session ended after `lastedMs`. `steady`: it lasted long enough that the next attempt may come at once. `known`: somebody is
   * told of such endings.
   */
  ended(reason: string, lastedMs: number, takenOver: boolean): { steady: boolean; known: boolean };
  close(): void;
}

export interface TroublesOptions {
  readonly clientId: string;
  readonly reconnectMaxMs: number;
  readonly log: Log;
}

/** A session that lasted this long was no failure, ms; with shorter pauses between attempts, the longest of them. */
const steadyMs = 10_000;
/** So many sessions in a row that ended too soon are told of. */
const tooMany = 3;

/** Codes of the errors of an attempt; any other is told as a broker that can't be reached. */
const codes = new Map<string, TroubleCode>([
  ['broker_refused', 'broker_refused'],
  ['broker_tls', 'broker_tls'],
  ['broker_protocol', 'broker_protocol'],
  ['mqtt_file', 'broker_credentials'],
  ['secret_unreadable', 'broker_credentials'],
]);

/** Tells of each trouble once, and of its end: a broker that stays away is no news at every attempt. */
export function createTroubles({ clientId, reconnectMaxMs, log }: TroublesOptions): Troubles {
  const listeners: ((trouble: Trouble | null) => void)[] = [];
  const soon = Math.min(steadyMs, reconnectMaxMs);
  /** The trouble is over when a session lasted this long: of two clients with one id each ends the other's after the longest pause. */
  const calm = reconnectMaxMs * 1.5 + 1_000;
  let current: Trouble | null = null;
  let short = 0;
  let calming: NodeJS.Timeout | undefined;

  return {
    listen(listener) {
      listeners.push(listener);
    },
    failed(error) {
      const known = error instanceof MusterError;
      const code = codes.get(known ? error.code : '') ?? 'broker_unreachable';
      // A broker that is away is refused at one attempt and silent at the next.
      if (current?.code === code && code === 'broker_unreachable') return;
      tell({ code, message: messageOf(error), remedy: known ? error.remedy : undefined });
    },
    connected() {
      clearTimeout(calming);
      if (!ofSessions(current)) {
        tell(null);
        return false;
      }
      calming = setTimeout(() => tell(null), calm).unref();
      return true;
    },
    ended(reason, lastedMs, takenOver) {
      clearTimeout(calming);
      const steady = lastedMs >= (takenOver || ofSessions(current) ? calm : soon);
      short = steady ? 0 : short + 1;
      if (takenOver) {
        tell({
          code: 'client_id_taken',
          message: `another client came to the broker with the client id '${clientId}', and the broker ended this session`,
          remedy: 'Give each station its own `station`, or its own mqtt.client_id.',
        });
      } else if (short >= tooMany && !ofSessions(current)) {
        tell({
          code: 'broker_unsteady',
          message: `the broker ended ${short} sessions in a row soon after they began, the last with: ${reason}`,
          remedy: `Look at the broker's log. Another client may use the client id '${clientId}', the link may be bad, or a limit of the broker too low.`,
        });
      }
      return { steady, known: ofSessions(current) };
    },
    close: () => clearTimeout(calming),
  };

  function tell(trouble: Trouble | null): void {
    if (trouble?.code === current?.code && trouble?.message === current?.message) return;
    current = trouble;
    for (const listener of listeners) listener(trouble);
    if (listeners.length === 0 && trouble !== null) log.warn({ remedy: trouble.remedy }, trouble.message);
  }
}

function ofSessions(trouble: Trouble | null): boolean {
  return trouble?.code === 'client_id_taken' || trouble?.code === 'broker_unsteady';
}
