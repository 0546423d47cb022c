import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from './tools.ts';

/** The sender is systemd's own; perl, which Debian always has, receives, since Node has no such sockets. */
const programs = [
  ['systemd-notify', '--version'],
  ['perl', '-v'],
] as const;

export const hasNotify = programs.every(([name, argument]) => spawnSync(name, [argument]).status === 0);
export const withoutNotify = 'skipped: systemd-notify or perl is not installed';

/** Each datagram on a line of its own, its line feeds as tabs. File descriptors that come along are closed, as systemd does. */
const receiver = `
  use Socket;
  $| = 1;
  socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
  bind($socket, sockaddr_un($ARGV[0])) or die "bind: $!";
  print "listening\\n";
  while (defined recv($socket, my $message, 65536, 0)) { $message =~ tr/\\n/\\t/; print "$message\\n"; }`;

export interface NotifySocket {
  /** For NOTIFY_SOCKET. */
  readonly path: string;
  /** What came: the assignments of each message. */
  readonly messages: readonly (readonly string[])[];
  /** When each of the messages with this assignment came, as `performance.now()` tells. */
  times(assignment: string): readonly number[];
}

/** The socket of a service manager. */
export async function startNotifySocket(): Promise<NotifySocket> {
  const path = join(await temporaryFolder(), 'notify');
  const child = spawn('perl', ['-e', receiver, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  const received: { message: readonly string[]; at: number }[] = [];
  const messages: (readonly string[])[] = [];
  lines.on('line', (line) => {
    // systemd-notify asks with the barrier whether what it sent was read; it is no message of the sender.
    const message = line.split('\t').filter((each) => each !== '' && each !== 'BARRIER=1');
    if (message.length === 0) return;
    messages.push(message);
    received.push({ message, at: performance.now() });
  });
  return {
    path,
    messages,
    times: (assignment) => received.filter(({ message }) => message.includes(assignment)).map(({ at }) => at),
  };
}
