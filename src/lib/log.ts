import { createRequire } from 'node:module';
import { destination, multistream, pino, type DestinationStream, type Logger } from 'pino';
import { isJournal, withPriorities } from './journal.ts';
import type { LogTail } from './log-tail.ts';

export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child' | 'level'>;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The program's log on stderr: JSON lines, with their priority where the journal of systemd reads them, or coloured text when a
 * person watches a terminal. Standard output is left to the answers of the commands. Nothing logs an image, an
 * embedding, a name or a secret.
 *
 * @param tail gets each line too
 */
export function createLog(level: LogLevel, tail?: LogTail): Log {
  const stream = logStream();
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (tail === undefined) return pino(options, stream);
  // The logger itself holds back what is below its level.
  const everything = { level: 'trace' } as const;
  return pino(
    options,
    multistream([
      { ...everything, stream },
      { ...everything, stream: tail },
    ]),
  );
}

function logStream(): DestinationStream {
  if (process.stderr.isTTY) {
    // Loaded for a person only: a station's log goes to the journal.
    const pretty = createRequire(import.meta.url)('pino-pretty') as typeof import('pino-pretty').build;
    return pretty({ destination: 2, translateTime: 'HH:MM:ss.l', ignore: 'pid,hostname', sync: true });
  }
  const stream = destination({ dest: 2, sync: false });
  return isJournal(process.env['JOURNAL_STREAM']) ? withPriorities(stream) : stream;
}
