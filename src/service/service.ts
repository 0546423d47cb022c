import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { ProgressCheck, Service } from './contract.ts';
import { systemdNotify } from './notify.ts';

export interface ServiceOptions {
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID count (sd_notify(3), sd_watchdog_enabled(3)). */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly log: Log;
}

/** The watchdog is fed this often within its time, so that one message may be late. */
const feedsPerPeriod = 3;

/** The service as the environment has it: that of systemd, or one that nobody listens to. */
export function createService({ env, pid, log }: ServiceOptions): Service {
  const socket = env['NOTIFY_SOCKET'];
  const notify = socket === undefined || socket === '' ? null : systemdNotify(socket);
  const watchdogMs = notify === null ? null : watchdogPeriodMs(env, pid);
  /** Messages are sent one after the other. */
  let sent = Promise.resolve();
  let unheard = false;

  function tell(...assignments: readonly string[]): void {
    if (notify === null) return;
    sent = sent.then(() => notify(assignments)).then(() => void (unheard = false), notHeard);
  }

  function notHeard(error: unknown): void {
    if (!unheard) {
      const remedy =
        'Install the Debian package systemd, which has systemd-notify, and see that the unit has NotifyAccess=all.';
      log.error({ remedy }, `systemd could not be told how the service is: ${messageOf(error)}`);
    }
    unheard = true;
  }

  return {
    ready: (status) => tell('READY=1', `STATUS=${oneLine(status)}`),
    status: (status) => tell(`STATUS=${oneLine(status)}`),
    stopping: () => tell('STOPPING=1', 'STATUS=stopping'),
    watch(check, patienceMs) {
      if (watchdogMs === null) return () => undefined;
      // The unit knows nothing of the settings: the slowest check that is sound must still be in time.
      const periodMs = Math.max(watchdogMs, 2 * patienceMs);
      if (periodMs > watchdogMs) tell(`WATCHDOG_USEC=${periodMs * 1000}`);
      return feed(check, periodMs / feedsPerPeriod);
    },
  };

  function feed(check: ProgressCheck, everyMs: number): () => void {
    let checking = false;
    let ended = false;
    let failing = false;
    const beat = async (): Promise<void> => {
      if (checking) return;
      checking = true;
      try {
        await check();
        if (ended) return;
        if (failing) log.info('the pipeline gets on again: the watchdog is fed');
        failing = false;
        tell('WATCHDOG=1');
      } catch (error) {
        if (ended) return;
        const message = `the pipeline does not get on: ${messageOf(error)}`;
        if (!failing) log.error(`${message}; the watchdog is not fed`);
        failing = true;
        tell(`STATUS=${oneLine(message)}`);
      } finally {
        checking = false;
      }
    };
    const timer = setInterval(() => void beat(), everyMs);
    void beat();
    return () => {
      ended = true;
      clearInterval(timer);
    };
  }
}

/** How long systemd waits for a message before it ends the process, ms; null where it does not. */
function watchdogPeriodMs(env: ServiceOptions['env'], pid: number): number | null {
  const { WATCHDOG_USEC: period, WATCHDOG_PID: meant } = env;
  if (meant !== undefined && meant !== '' && meant !== String(pid)) return null;
  const ms = Number(period) / 1000;
  return ms > 0 ? ms : null;
}

/** A line feed would begin another assignment. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
