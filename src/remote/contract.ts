import type { Incoming, Session } from '../broker/contract.ts';

/** Something that is done from afar: settings, commands, the gallery. */
export interface RemoteFeature {
  /** The topics it listens to: exact, or filters with wildcards. */
  readonly filters: readonly string[];
  /** A message on one of them. It must not throw; long work goes on by itself. */
  onMessage(message: Incoming): void;
  /** A new session, after its subscriptions are made. What is retained has been asked for and follows. */
  onSession?(session: Session): void;
}
