import { Command, CommanderError, Option } from 'commander';
import type { CommandContext } from './commands/context.ts';
import { verbGroups } from './commands/verbs.ts';
import type { Config } from './config/schema.ts';
import { codeOf, messageOf, MusterError } from './lib/errors.ts';
import type { Log, LogLevel } from './lib/log.ts';
import { createLogTail } from './lib/log-tail.ts';
import { missingPart } from './lib/missing-part.ts';
import { packageVersion } from './lib/package.ts';

/**
 * The owner of the process: arguments, signals and exit codes, and nothing else. What is heavy (the log, the
 * config, the rooms behind the verbs) is imported when a verb asks for it, and the verb's own file when it is asked for: so `--help` is
 * there at once, and a station loads nothing of the other verbs.
 *
 * Exit codes: 0 done, 1 the answer is a failure, 2 wrong usage or something a person can mend, 70 a bug,
 * 75 the station was told to restart (EX_TEMPFAIL: for systemd's Restart=on-failure),
 * 130 and 143 ended by SIGINT and SIGTERM before the work was done.
 */

interface GlobalOptions {
  readonly config?: string;
  readonly logLevel?: LogLevel;
}

const usageError = 2;
const bug = 70;
const endedBy = { SIGINT: 130, SIGTERM: 143 } as const;

await main();

async function main(): Promise<void> {
  process.on('uncaughtException', exitForBug);
  // What sets variables for others, such as compose files, can't leave one out but only empty.
  if (process.env['MUSTER_CONFIG'] === '') delete process.env['MUSTER_CONFIG'];
  exitQuietlyOnClosedPipe();
  const signal = abortOnSignals();
  try {
    const program = await createProgram(process.argv.slice(2), signal);
    await program.parseAsync();
  } catch (error) {
    exitFor(error, signal);
  }
}

/** @param args of the command line; what isn't named in them stays a line of the help */
async function createProgram(args: readonly string[], signal: AbortSignal): Promise<Command> {
  const program = new Command('muster');
  program
    .description('Turns a small computer into an unattended face check-in station.')
    .version(packageVersion, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addOption(
      new Option('--config <file>', 'the station config, YAML; without it the defaults hold').env(
        'MUSTER_CONFIG',
      ),
    )
    .option(
      '--log-level <level>',
      'least severity that is logged: trace, debug, info, warn, error, fatal or silent',
    )
    .configureHelp({
      showGlobalOptions: true,
      // The list of verbs stays narrow; what a verb takes is in its own help.
      subcommandTerm: (command) =>
        command.parent === program ? command.name() : `${command.name()} ${command.usage()}`,
    })
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'muster: ')) })
    .showHelpAfterError('Try --help.')
    .exitOverride()
    .hook('preAction', checkLogLevel);
  const context = createContext(program, signal);
  for (const [group, verbs] of verbGroups) {
    program.commandsGroup(group);
    for (const { name, description, load } of verbs) {
      const verb = program.command(name).description(description);
      if (args.includes(name)) (await load())(verb, context);
    }
  }
  program.commandsGroup('Help:').helpCommand('help [verb]', 'print the help of a verb');
  return program;
}

function createContext(program: Command, signal: AbortSignal): CommandContext {
  const options = program.opts.bind(program)<GlobalOptions>;
  let config: Promise<Config> | undefined;
  let log: Promise<Log> | undefined;
  let opened: Log | undefined;
  let level: LogLevel = 'info';
  const logTail = createLogTail();

  const readConfig = async (): Promise<Config> => {
    const { loadConfig } = await import('./config/load.ts');
    const loaded = await loadConfig({ file: options().config, env: process.env });
    level = loaded.log.level;
    if (opened !== undefined) opened.level = options().logLevel ?? level;
    return loaded;
  };
  const openLog = async (): Promise<Log> => {
    const { createLog } = await import('./lib/log.ts');
    opened = createLog(options().logLevel ?? level, logTail);
    return opened;
  };
  return {
    config: () => (config ??= readConfig()),
    log: () => (log ??= openLog()),
    logTail,
    print: (text) => void process.stdout.write(`${text}\n`),
    signal,
    exitCode: (status) => {
      process.exitCode = status;
    },
  };
}

async function checkLogLevel(program: Command): Promise<void> {
  const { logLevel } = program.opts<GlobalOptions>();
  if (logLevel === undefined) return;
  const { logLevels } = await import('./lib/log.ts');
  if (logLevels.includes(logLevel)) return;
  program.error(`error: --log-level ${logLevel}: there is no such level; allowed: ${logLevels.join(', ')}`);
}

/** Asks the work to end at the first signal; a second one ends the process at once. */
function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) {
        // Should the exit itself hang (a read from a dead network drive), the next signal kills.
        process.removeAllListeners(name);
        process.exit(endedBy[name]);
      }
      if (process.stderr.isTTY) process.stderr.write('muster: stopping; a second Ctrl+C stops at once\n');
      controller.abort(new DOMException(name, 'AbortError'));
    });
  }
  return controller.signal;
}

/** The reader of a pipe (such as `head`) may leave before all is written. */
function exitQuietlyOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error) => (codeOf(error) === 'EPIPE' ? process.exit() : exitForBug(error)));
  }
}

function exitFor(thrown: unknown, signal: AbortSignal): void {
  const error = missingPart(thrown);
  if (error instanceof CommanderError) {
    // Commander has already written its message, or the help or version that was asked for.
    process.exitCode = error.exitCode === 0 ? 0 : usageError;
  } else if (error instanceof MusterError) {
    const remedy = error.remedy === undefined ? '' : `${error.remedy}\n`;
    process.stderr.write(`muster: ${error.message}\n${remedy}`);
    process.exit(usageError);
  } else if (signal.aborted && error instanceof Error && error.name === 'AbortError') {
    process.exit(messageOf(signal.reason) === 'SIGTERM' ? endedBy.SIGTERM : endedBy.SIGINT);
  } else {
    exitForBug(error);
  }
}

function exitForBug(error: unknown): never {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `muster: this is a bug in muster ${packageVersion}; please report it with these lines:\n${stack}\n`,
  );
  process.exit(bug);
}
