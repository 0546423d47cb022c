import type { Config } from '../../config/schema.ts';
import type { Origin } from '../../config/layers.ts';
import type { ConfigReportedPayload } from './payloads.ts';

/** Where a config comes from: for every station of the site, or for one. The station's counts more. */
export const scopes = ['site', 'station'] as const;
export type Scope = (typeof scopes)[number];

export interface Desired {
  readonly rev: number;
  /** A patch of the config's shape, as it was received. */
  readonly config: unknown;
}

export type DesiredPair = Readonly<Record<Scope, Desired | null>>;

/** Why the newest desired config of a scope is not in force. */
export interface Refusal {
  readonly rev: number;
  readonly status: 'rejected' | 'rolled_back';
  readonly errors: readonly string[];
}

/** What a station must know after a power cut. */
export interface SavedSettings {
  /** The last good ones. */
  readonly applied: DesiredPair;
  /** Being tried since the last good ones; how often it was begun. */
  readonly trying: { readonly pair: DesiredPair; readonly begun: number } | null;
  /** What did not work is not tried again. */
  readonly rolledBack: Readonly<Record<Scope, Refusal | null>>;
}

/** What a station is to run with. */
export interface Run {
  readonly config: Config;
  /** Not known to work yet: it ends with `confirm` or `rollBack`. */
  readonly trial: boolean;
  /** A trial of other broker settings: it works only once the station is connected. */
  readonly needsBroker: boolean;
}

/**
 * The settings from afar: judges them, keeps the last good ones on disk, and knows what is in force. It outlives
 * the station, which is started anew with each `begin`. One call at a time.
 */
export interface RemoteSettings {
  /** Reads what is on disk. A damaged file is set aside. */
  open(): Promise<void>;
  /** What to run with now. A trial is on record before this resolves, so that one that crashes is not begun for ever. */
  begin(): Promise<Run>;
  /** What is in force. */
  config(): Config;
  /** Where each value of it comes from, by field name. */
  origins(): ReadonlyMap<string, Origin>;
  /**
   * Judges a desired config. `unchanged`: nothing to do. `live`: it is in force, for those who read `config()` at each use.
   * `again`: the station has to end, and to begin again.
   */
  receive(scope: Scope, payload: Buffer): Promise<'unchanged' | 'live' | 'again'>;
  /** The trial works: it is the last good one from now on. */
  confirm(): Promise<void>;
  /** The trial does not work: the next `begin` gives the last good one. */
  rollBack(reason: string): Promise<void>;
  /** The station has ended in good order: a trial that is still open is not at fault. */
  postpone(): Promise<void>;
  report(): ConfigReportedPayload;
}
