import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createBridgeProgress } from '../../src/bridge/progress.ts';
import { createActivity } from '../../src/lib/activity.ts';
import { stationProgress } from '../../src/service/progress.ts';
import { createService } from '../../src/service/service.ts';
import { spawnWorker } from '../../src/vision/thread.ts';
import { hasNotify, startNotifySocket, withoutNotify } from '../support/notify-socket.ts';
import { startStation } from '../support/station.ts';
import { eventually, manualClock, silentLog, temporaryFolder } from '../support/tools.ts';
import { job, newVision, outcome } from '../vision/support.ts';

const title = hasNotify ? 'the watchdog of a station' : withoutNotify;

/** A real thread that is caught in a loop with its first job and never comes back. */
function caughtThread(): Worker {
  const script = `
    const { parentPort } = require('node:worker_threads');
    parentPort.on('message', () => { for (;;) require('node:fs').writeFileSync('/dev/null', ''); });
    parentPort.postMessage({ type: 'ready', info: {} });`;
  return new Worker(script, { eval: true });
}

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1000));

describe.skipIf(!hasNotify)(title, () => {
  it(
    'is fed at an empty doorway, not while the process stands still, and hears of the end',
    { timeout: 60_000 },
    async () => {
      const socket = await startNotifySocket();
      const dir = await temporaryFolder();
      const station = startStation(dir, {
        MUSTER_MQTT__EMBEDDED__PORT: '0',
        MUSTER_VISION__TIMEOUT_S: '1',
        NOTIFY_SOCKET: socket.path,
        WATCHDOG_USEC: '1500000',
        WATCHDOG_PID: '',
      });
      await eventually('readiness', () => socket.times('READY=1').length > 0, 30_000);
      await eventually('three feeds', () => socket.times('WATCHDOG=1').length >= 3, 30_000);
      expect(socket.times('WATCHDOG=1')[0]!).toBeGreaterThanOrEqual(socket.times('READY=1')[0]!);

      station.child.kill('SIGSTOP');
      await seconds(0.5);
      const stopped = socket.times('WATCHDOG=1').length;
      await seconds(5);
      expect(socket.times('WATCHDOG=1')).toHaveLength(stopped);
      station.child.kill('SIGCONT');
      await eventually('a feed again', () => socket.times('WATCHDOG=1').length > stopped, 30_000);

      expect(await station.stop()).toBe(0);
      expect(socket.times('STOPPING=1')).toHaveLength(1);
      expect(station.lines.filter(({ level }) => level >= 50)).toMatchObject([]);
    },
  );

  it('is fed no more when a vision thread hangs that nothing can end', { timeout: 60_000 }, async () => {
    const caught: Worker[] = [];
    const clock = manualClock();
    const vision = newVision({ clock, timeoutMs: 2000 }, (options) => {
      if (caught.length > 0) return spawnWorker(options);
      caught.push(caughtThread());
      return caught[0]!;
    });
    onTestFinished(async () => void (await caught[0]?.terminate()));
    await vision.start();
    const socket = await startNotifySocket();
    const env = { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '900000' };
    const service = createService({ env, pid: process.pid, log: silentLog });
    // It hangs already, and the photo behind it is worked off by another thread.
    expect(outcome(await vision.analyse(job()))).toBe('timeout');
    expect(outcome(await vision.analyse(job()))).toBe('3 faces');
    onTestFinished(service.watch(stationProgress({ vision, activity: createActivity(clock) }), 0));
    await eventually('a feed: the other thread answers', () => socket.times('WATCHDOG=1').length > 0);

    clock.advance(31_000);
    const reason = "STATUS=the pipeline does not get on: 1 vision thread(s) hang and can't be ended";
    await eventually('the reason', () => socket.times(reason).length >= 3);
    expect(socket.times('WATCHDOG=1').filter((at) => at > socket.times(reason)[0]!)).toEqual([]);
  });
});

describe('what counts as progress', () => {
  const alive = { probe: () => Promise.resolve() };

  it('of a station: not that something is waited for, but that it is not done in time', async () => {
    const clock = manualClock();
    const activity = createActivity(clock);
    const check = stationProgress({ vision: alive, activity });
    await check();
    let written = () => {};
    const writing = activity.during(new Promise<void>((resolve) => (written = resolve)));
    clock.advance(59_000);
    await check();
    clock.advance(2_000);
    await expect(check()).rejects.toThrow(
      'a capture has been waiting for the disk, or for its small picture, for 61 s',
    );
    written();
    await writing;
    await check();
  });

  it('of a worker: that it answers, also behind a photo', async () => {
    const vision = newVision();
    await expect(vision.probe()).rejects.toThrow('not been started');
    await vision.start();
    const order: string[] = [];
    await Promise.all([
      vision.analyse(job()).then(() => order.push('first photo')),
      vision.analyse(job()).then(() => order.push('second photo')),
      vision.probe().then(() => order.push('probe')),
    ]);
    expect(order).toEqual(['first photo', 'probe', 'second photo']);
    await vision.close();
    await expect(vision.probe()).rejects.toThrow('closed');
  });

  it('of a bridge: requests that end, however they do, while there are lines', async () => {
    const clock = manualClock();
    let open = 0;
    const progress = createBridgeProgress(clock, () => open);
    clock.advance(3_600_000);
    await progress.check();
    progress.added();
    open = 3;
    clock.advance(119_000);
    await progress.check();
    clock.advance(2_000);
    await expect(progress.check()).rejects.toThrow(
      '3 points wait, and no request to the database has ended for 121 s',
    );
    progress.moved();
    await progress.check();
  });
});
