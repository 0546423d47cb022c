import type { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import type { Log } from '../lib/log.ts';
import type { LogTail } from '../lib/log-tail.ts';

/** What `main.ts` hands to every command. */
export interface CommandContext {
  /**
   * The effective config: defaults, then the file of the global option `--config` (if any), then the environment.
   * Throws a MusterError `config_invalid` that names every wrong field.
   */
  config(): Promise<Config>;
  /** The program's log (stderr), at the level of `--log-level`, else of the config once it is read. */
  log(): Promise<Log>;
  /** Its newest lines. */
  readonly logTail: LogTail;
  /** Writes an answer and a line feed to standard output. */
  print(text: string): void;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /**
   * Sets the process's exit status: 0 done, 75 to be started again by systemd, 1 the command worked but its answer is a failure (a refused photo, a damaged
   * model, …). Wrong usage and MusterErrors end with 2 (set by main.ts), bugs with 70.
   */
  exitCode(status: 0 | 1 | 75): void;
}

/** Gives a verb, which has its name and its line in the list already, what it takes, its help with examples, and its work. */
export type DefineVerb = (verb: Command, context: CommandContext) => void;
