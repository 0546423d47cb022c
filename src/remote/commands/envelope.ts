import type { Incoming } from '../../broker/contract.ts';
import type { EpochMs } from '../../lib/clock.ts';
import type { CheckinEvent } from '../../telemetry/payloads.ts';
import { CommandFailure, type Command } from './contract.ts';
import { cmdSchema, maxPayloadBytes, type CmdPayload } from './payloads.ts';

/** A command that may be run: read, known, and in time. */
export interface Request {
  readonly id: string;
  readonly command: Command;
  /** Checked by the command's own schema. */
  readonly args: unknown;
}

export interface Circumstances {
  readonly commands: ReadonlyMap<string, Command>;
  readonly now: EpochMs;
  readonly clock: CheckinEvent['clock'];
}

/** What could be read of a message: its id for the answer, and the request or why it is refused. */
export type Reading =
  | { readonly id: string; readonly request: Request }
  | { readonly id: string | null; readonly refusal: CommandFailure };

/** Two clocks that are both synchronised may differ by this much, ms. */
const clockSlackMs = 5_000;
/** A command from further ahead is refused, ms: it would count for longer than its time to live, maybe for ever. */
const aheadMs = 5 * 60_000;

/** Reads a command and refuses what must not be run, the cheapest reason first. Pure. */
export function readCommand(name: string, message: Incoming, circumstances: Circumstances): Reading {
  let id: string | null = null;
  try {
    if (message.payload.length > maxPayloadBytes) {
      throw new CommandFailure('too_large', `the payload is larger than ${maxPayloadBytes / 1024} KB`);
    }
    const json = parsed(message.payload);
    id = idOf(json);
    if (message.retain) {
      throw new CommandFailure(
        'retained',
        'commands are not taken from what the broker keeps: publish without retain',
      );
    }
    const command = circumstances.commands.get(name);
    if (command === undefined) {
      throw new CommandFailure('unknown_command', `known: ${[...circumstances.commands.keys()].join(', ')}`);
    }
    const payload = checked(json);
    checkTime(payload, circumstances);
    const args = command.args.safeParse(payload.args);
    if (!args.success) throw new CommandFailure('invalid_args', issuesOf(args.error));
    return { id: payload.id, request: { id: payload.id, command, args: args.data } };
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error;
    return { id, refusal: error };
  }
}

function parsed(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    throw new CommandFailure('malformed', 'the payload is no JSON');
  }
}

/** The id where it is one, so that a refusal can be told apart. */
function idOf(json: unknown): string | null {
  const id = cmdSchema.shape.id.safeParse((json as { id?: unknown } | null)?.id);
  return id.success ? id.data : null;
}

function checked(json: unknown): CmdPayload {
  const result = cmdSchema.safeParse(json);
  if (!result.success) throw new CommandFailure('malformed', issuesOf(result.error));
  return result.data;
}

/**
 * A clock that is known to be wrong can't tell what has expired or lies ahead: then the check is left out, and only the
 * memory of ids keeps an old command from being run twice.
 */
function checkTime({ ts, ttl_s: ttlS }: CmdPayload, { now, clock }: Circumstances): void {
  if (clock === 'unsynced') return;
  const early = Date.parse(ts) - now;
  if (early > aheadMs) {
    throw new CommandFailure(
      'not_yet',
      `its ts is ${Math.round(early / 1000)} s ahead of the station's clock: see that both clocks are right`,
    );
  }
  const lateMs = -early - ttlS * 1000;
  if (lateMs > clockSlackMs) {
    throw new CommandFailure(
      'expired',
      `it expired ${Math.round(lateMs / 1000)} s ago by the station's clock`,
    );
  }
}

/** Each complaint with its path; the values are not repeated. */
function issuesOf(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`))
    .join('; ');
}
