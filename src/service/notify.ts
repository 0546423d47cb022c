import { execFile } from 'node:child_process';

/**
 * Sends one message of the sd_notify protocol, such as `['READY=1', 'STATUS=…']`. Rejects when it was not taken.
 */
export type Notify = (assignments: readonly string[]) => Promise<void>;

/** systemd takes a message in no time; one that it does not is given up, ms. */
const timeoutMs = 10_000;

/**
 * The door to systemd: its own program `systemd-notify`, since Node has no datagram sockets of the Unix kind. It is a process of
 * its own, so that the unit needs NotifyAccess=all.
 */
export function systemdNotify(socket: string): Notify {
  const options = { timeout: timeoutMs, env: { ...process.env, NOTIFY_SOCKET: socket } };
  return (assignments) =>
    new Promise((resolve, reject) => {
      execFile('systemd-notify', [...assignments], options, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
}
