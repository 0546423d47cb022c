import { createTask, validateDetailed } from 'node-cron';
import type { EpochMs } from '../lib/clock.ts';

/** Calls back at the times of a cron expression. */
export interface Timer {
  /** Null once it has stopped. */
  next(): EpochMs | null;
  stop(): void;
}

/** Starts a timer. The one door to time tables, so that a test can hold one in its hand. */
export type Timetable = (expression: string, due: () => void) => Timer;

/** Null for a cron expression of five fields (or six, with seconds first); else what is wrong with it, in words. */
export function cronProblem(expression: string): string | null {
  const { valid, errors } = validateDetailed(expression);
  return valid ? null : (errors[0]?.message ?? 'it can not be read');
}

/** The one door to node-cron. Times are those of the machine's own time zone. */
export const cronTimetable: Timetable = (expression, due) => {
  const task = createTask(expression, due, { suppressMissedWarning: true, unref: true });
  // The process was busy or the machine slept: late is better than not at all.
  task.on('execution:missed', due);
  void task.start();
  return {
    next: () => task.getNextRun()?.getTime() ?? null,
    stop: () => void task.destroy(),
  };
};
