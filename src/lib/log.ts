import { destination, pino, type Logger } from 'pino';
import { build as pretty } from 'pino-pretty';

export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child' | 'level'>;

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The program's log on stderr: JSON lines, or coloured text when a person watches a terminal. Standard output
 * is left to the answers of the commands. Nothing logs an image, an embedding, a name or a secret.
 */
export function createLog(level: LogLevel): Log {
  const stream = process.stderr.isTTY
    ? pretty({ destination: 2, translateTime: 'HH:MM:ss.l', ignore: 'pid,hostname', sync: true })
    : destination({ dest: 2, sync: false });
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream);
}
