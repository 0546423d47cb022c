import type { Config } from '../config/schema.ts';
import type { Host } from './host.ts';

/** What a check says of one thing. */
export interface Finding {
  /**
   * `ok`: as it should be. `warning`: it works, but not as well or as long as it should. `failure`: the station does not work so. `none`:
   * there is nothing to look at here, or it can't be seen.
   */
  readonly level: 'ok' | 'warning' | 'failure' | 'none';
  /** What is, in words. */
  readonly message: string;
  /** What to do about it: a command where there is one. */
  readonly remedy?: string;
}

export interface CheckContext {
  readonly host: Host;
  readonly config: Config;
  /** Aborts when the check has taken too long. */
  readonly signal: AbortSignal;
}

/** Looks at one thing, and changes nothing. What it throws is a failure with that message, and remedy. */
export interface Check {
  readonly name: string;
  run(context: CheckContext): Promise<Finding | readonly Finding[]>;
}

export interface CheckedFinding extends Finding {
  readonly check: string;
}

export const ok = (message: string): Finding => ({ level: 'ok', message });
export const none = (message: string): Finding => ({ level: 'none', message });
export const warning = (message: string, remedy: string): Finding => ({ level: 'warning', message, remedy });
export const failure = (message: string, remedy: string): Finding => ({ level: 'failure', message, remedy });
