import type { Connection, Incoming, Session } from '../../broker/contract.ts';
import type { StationTopics } from '../../broker/topics.ts';
import type { Clock } from '../../lib/clock.ts';
import { codeOf, MusterError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { CheckinEvent } from '../../telemetry/payloads.ts';
import type { RemoteFeature } from '../contract.ts';
import { createAnswers, type Address } from './answers.ts';
import { CommandFailure, type Command, type CommandContext, type CommandTarget } from './contract.ts';
import { readCommand, type Request } from './envelope.ts';
import type { CommandMemory } from './memory.ts';

export interface CommandsOptions {
  readonly topics: StationTopics;
  readonly connection: Connection;
  readonly commands: ReadonlyMap<string, Command>;
  readonly memory: CommandMemory;
  readonly clock: Clock;
  readonly clockTrust: () => CheckinEvent['clock'];
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Commands extends RemoteFeature {
  /** What came since the connection began is worked off from here on. */
  serve(target: CommandTarget): void;
}

/** Commands that wait while the station starts. */
const maxWaiting = 64;
/** Each costs a write to the disk: a flood must not pile up. */
const maxUnderWay = 32;

/** Takes commands on `cmd/<name>` and answers each of them on `res/<name>`, or where an MQTT 5 command asks for. */
export function createCommands(options: CommandsOptions): Commands {
  const { topics, memory, log, signal } = options;
  const answers = createAnswers(options);
  const early: Incoming[] = [];
  let target: CommandTarget | null = null;
  let underWay = 0;
  /** The name of the command that runs alone. */
  let alone: string | null = null;

  return {
    filters: [topics.cmd('+')],
    onSession: (session: Session) => answers.flush(session),
    onMessage(message) {
      // An empty payload only deletes what the broker kept.
      if (message.payload.length === 0) return;
      if (target !== null) void handle(message, target);
      else if (early.length < maxWaiting) early.push(message);
    },
    serve(station) {
      target = station;
      for (const message of early.splice(0)) void handle(message, station);
    },
  };

  async function handle(message: Incoming, station: CommandTarget): Promise<void> {
    const name = message.topic.slice(topics.cmd('').length);
    const address = answers.addressOf(name, message);
    const { commands, clock } = options;
    const reading = readCommand(name, message, { commands, now: clock.now(), clock: options.clockTrust() });
    if ('request' in reading) await run(reading.request, address, station);
    else await refuse(reading.id, reading.refusal, address);
  }

  async function refuse(
    id: string | null,
    { code, message }: CommandFailure,
    address: Address,
  ): Promise<void> {
    log.warn({ topic: address.topic, code }, 'a command was refused');
    await answers.send(address, { id, ok: false, error: { code, message } });
  }

  function busyWith(command: Command): string | null {
    if (signal.aborted) return 'its end';
    if (underWay >= maxUnderWay) return `${underWay} commands`;
    return command.runs === 'alone' ? alone : null;
  }

  async function run(request: Request, address: Address, station: CommandTarget): Promise<void> {
    const { id, command } = request;
    if (memory.has(id)) {
      await refuse(id, new CommandFailure('repeated', 'a command with this id was begun before'), address);
      return;
    }
    const busy = busyWith(command);
    if (busy !== null) {
      await refuse(id, new CommandFailure('busy', `busy with ${busy}: ask again, with the same id`), address);
      return;
    }
    underWay += 1;
    if (command.runs === 'alone') alone = command.name;
    const after: (() => void)[] = [];
    try {
      // Before the work: a restart that is remembered only after it would come again for ever.
      await memory.add(id);
      log.info({ command: command.name }, 'a command from afar');
      const context: CommandContext = {
        station,
        signal,
        progress: (progress) => answers.progress(address, { id, progress }),
        afterAnswer: (work) => after.push(work),
      };
      const data = command.data.parse(await command.run(request.args, context)) as Record<string, unknown>;
      await answers.send(address, { id, ok: true, data });
    } catch (error) {
      const failure = failureOf(error);
      log.warn({ command: command.name, code: failure.code }, `a command failed: ${failure.message}`);
      await answers.send(address, {
        id,
        ok: false,
        error: { code: failure.code, message: failure.message },
      });
    } finally {
      underWay -= 1;
      if (command.runs === 'alone') alone = null;
      for (const work of after) work();
    }
  }
}

/** What may be told of a failure. The message of any other error may name a file, and with it a person. */
function failureOf(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  if (error instanceof MusterError) return new CommandFailure('failed', error.message);
  return new CommandFailure('failed', `the station could not do it (${codeOf(error) ?? 'no reason given'})`);
}
