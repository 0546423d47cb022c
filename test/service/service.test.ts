import { describe, expect, it, onTestFinished } from 'vitest';
import { createService } from '../../src/service/service.ts';
import type { ProgressCheck } from '../../src/service/contract.ts';
import { hasNotify, startNotifySocket, withoutNotify } from '../support/notify-socket.ts';
import { eventually, recordingLog, silentLog, temporaryFolder } from '../support/tools.ts';

const title = hasNotify ? 'the service of systemd' : withoutNotify;
const watchdogUs = 600_000;

async function service(env: Readonly<Record<string, string>> = {}) {
  const socket = await startNotifySocket();
  const pid = process.pid;
  const own = {
    NOTIFY_SOCKET: socket.path,
    WATCHDOG_USEC: String(watchdogUs),
    WATCHDOG_PID: String(pid),
    ...env,
  };
  return { socket, service: createService({ env: own, pid, log: silentLog }) };
}

/** Lets a watch run for as long as the test. */
function watched(parts: Awaited<ReturnType<typeof service>>, check: ProgressCheck, patienceMs = 0) {
  onTestFinished(parts.service.watch(check, patienceMs));
  return parts.socket;
}

describe.skipIf(!hasNotify)(title, () => {
  it('is told what happens, in order and in one line each', async () => {
    const { socket, service: told } = await service();
    told.ready('ready\nMAINPID=1');
    told.status('the disk is full');
    told.stopping();
    await eventually('three messages', () => socket.messages.length === 3);
    expect(socket.messages).toEqual([
      ['READY=1', 'STATUS=ready MAINPID=1'],
      ['STATUS=the disk is full'],
      ['STOPPING=1', 'STATUS=stopping'],
    ]);
  });

  it('is fed within its time while the check passes', async () => {
    const socket = watched(await service(), () => Promise.resolve());
    await eventually('five feeds', () => socket.times('WATCHDOG=1').length >= 5);
    expect(socket.messages.flat().every((each) => each === 'WATCHDOG=1')).toBe(true);
  });

  it('is not fed while the check fails, hears why, and is fed again afterwards', async () => {
    let wrong: string | null = null;
    const socket = watched(await service(), () =>
      wrong === null ? Promise.resolve() : Promise.reject(new Error(wrong)),
    );
    await eventually('a feed', () => socket.times('WATCHDOG=1').length > 0);
    wrong = 'a thread hangs';
    const status = 'STATUS=the pipeline does not get on: a thread hangs';
    await eventually('three failed checks', () => socket.times(status).length >= 3);
    const fedWhileWrong = socket.times('WATCHDOG=1').filter((at) => at > socket.times(status)[0]!);
    expect(fedWhileWrong).toEqual([]);
    const before = socket.times('WATCHDOG=1').length;
    wrong = null;
    await eventually('a feed again', () => socket.times('WATCHDOG=1').length > before);
  });

  it('is not fed while a check does not come back', async () => {
    let checks = 0;
    const { socket, service: told } = await service();
    const end = told.watch(() => (++checks === 1 ? Promise.resolve() : new Promise(() => {})), 0);
    onTestFinished(end);
    await eventually('the check that hangs', () => checks === 2);
    await new Promise((resolve) => setTimeout(resolve, (3 * watchdogUs) / 1000));
    expect(checks).toBe(2);
    expect(socket.times('WATCHDOG=1')).toHaveLength(1);
  });

  it('gets more time where a sound check may take longer than the unit knows', async () => {
    const socket = watched(await service(), () => Promise.resolve(), 20_000);
    await eventually('the message', () => socket.messages.length > 0);
    expect(socket.messages[0]).toEqual(['WATCHDOG_USEC=40000000']);
  });

  it.each([
    ['another process is meant', { WATCHDOG_PID: '1' }],
    ['there is none', { WATCHDOG_USEC: '' }],
  ])('is not fed where %s', async (_, env) => {
    const parts = await service(env);
    let checks = 0;
    watched(parts, () => Promise.resolve(void (checks += 1)));
    parts.service.status('after it');
    await eventually('the status', () => parts.socket.messages.length > 0);
    expect(checks).toBe(0);
    expect(parts.socket.messages).toEqual([['STATUS=after it']]);
  });

  it('that does not hear is no reason to fail: it is logged once, with what to do', async () => {
    const { log, lines } = recordingLog();
    const env = { NOTIFY_SOCKET: `${await temporaryFolder()}/nobody` };
    const told = createService({ env, pid: process.pid, log });
    told.ready('ready');
    told.status('still here');
    await eventually('the log', () => lines().length > 0);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(lines()).toMatchObject([
      { level: 50, remedy: expect.stringContaining('NotifyAccess=all') as string },
    ]);
  });
});

it('without a service manager nothing is told and nothing is checked', () => {
  const told = createService({ env: {}, pid: process.pid, log: silentLog });
  let checks = 0;
  told.ready('ready');
  told.watch(() => Promise.resolve(void (checks += 1)), 0)();
  told.stopping();
  expect(checks).toBe(0);
});
