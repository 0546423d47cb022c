import type { LogLine } from '../lib/contract.ts';

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof levels)[number];

/** Of a line of pino, which numbers its levels from 10 to 60. */
export function levelOf({ level }: Pick<LogLine, 'level'>): Level {
  if (typeof level === 'string') return levels.find((name) => name === level) ?? 'info';
  return levels[Math.min(levels.length - 1, Math.max(0, Math.floor(level / 10) - 1))] ?? 'info';
}

const known = new Set(['time', 'level', 'msg', 'pid', 'hostname', 'name']);

/** What else the line says: `decision=accepted similarity=0.744` */
export function detailsOf(line: LogLine): string {
  return Object.entries(line)
    .filter(([key, value]) => !known.has(key) && value !== null)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
