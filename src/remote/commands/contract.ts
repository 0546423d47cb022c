import type { z } from 'zod';
import type { EpochMs } from '../../lib/clock.ts';
import type { LogLevel } from '../../lib/log.ts';
import type { SelfCheck } from '../../selftest/contract.ts';
import type { Upkeep } from '../../upkeep/contract.ts';
import type { Measured } from '../../vision/threads.ts';

/** One command: what it takes, what it answers, and the work. */
export interface Command<A extends z.ZodType = z.ZodType, D extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly args: A;
  readonly data: D;
  /**
   * `alongside`: harmless at any time. `alone`: refused as `busy` while another of these runs, since two would be in each
   * other's way (a purge during a rescan, a self-test during a purge).
   */
  readonly runs: 'alongside' | 'alone';
  /** Resolves with the answer's data. A CommandFailure becomes its error; anything else thrown is answered as `failed`. */
  run(args: z.output<A>, context: CommandContext): Promise<z.input<D>>;
}

/** Keeps the types of one command while the table sees them all alike. */
export function command<A extends z.ZodType, D extends z.ZodType>(definition: Command<A, D>): Command<A, D> {
  return definition;
}

export interface CommandContext {
  readonly station: CommandTarget;
  /** Tells the one who asked how far it is; resolves when the broker has the message. Rejects when it is away. */
  readonly progress: (progress: Readonly<Record<string, unknown>>) => Promise<void>;
  /** Aborts when the station stops. */
  readonly signal: AbortSignal;
  /** Runs after the answer was sent. */
  readonly afterAnswer: (work: () => void) => void;
}

/** What commands may do to a station. */
export interface CommandTarget {
  now(): EpochMs;
  monotonic(): number;
  /** Looks for captures now; resolves with how many wait in the inbox. */
  rescan(): Promise<number>;
  /** Takes up the newest revision of the gallery on disk, or makes the one before it the newest. */
  reloadGallery(
    to: 'newest' | 'previous',
  ): Promise<{ rev: number; subjects: number; templates: number; digest: string }>;
  /** The checks of the self-test, in their order. Each gives words on what was found; a rejection is a failed check. */
  readonly checks: readonly SelfCheck[];
  /** Empties a place; resolves with how many entries were deleted. */
  purge(what: PurgeTarget, progress: (deleted: number) => Promise<void>): Promise<number>;
  /** Measures which number of threads is fastest, and keeps the choice for the next start. */
  tune(rounds: number, progress: (round: number) => void, signal: AbortSignal): Promise<TuneAnswer>;
  readonly upkeep: Pick<Upkeep, 'list' | 'run'>;
  /** Ends the station, to be started again; tells what it is that will be started. */
  readonly restart: { readonly how: 'process' | 'station'; now(): void };
  /** Until the station ends, or for a time, ms; then the configured level counts again. */
  setLogLevel(level: LogLevel, forMs: number | null): void;
}

export const purgeTargets = ['failed', 'done', 'outbox'] as const;
export type PurgeTarget = (typeof purgeTargets)[number];

export interface TuneAnswer {
  /** The choice, and the number in use now. */
  readonly threads: number;
  readonly in_use: number;
  /** Whether `vision.threads` is `auto`: else its number counts, whatever was found. */
  readonly auto: boolean;
  readonly measured: readonly Measured[];
}

/** Why a command was refused or failed, in one word for programs. */
export const errorCodes = [
  'retained',
  'too_large',
  'malformed',
  'unknown_command',
  'invalid_args',
  'expired',
  'not_yet',
  'repeated',
  'busy',
  'failed',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

/** A refusal or failure whose message the one who asked may read. */
export class CommandFailure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.name = 'CommandFailure';
    this.code = code;
  }
}
