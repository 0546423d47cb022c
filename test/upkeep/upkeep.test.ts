import { join } from 'node:path';
import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAlerts } from '../../src/telemetry/alerts.ts';
import type { UpkeepJob } from '../../src/upkeep/contract.ts';
import { cronProblem, cronTimetable, type Timetable } from '../../src/upkeep/cron.ts';
import { createUpkeep } from '../../src/upkeep/upkeep.ts';
import { eventually, manualClock, silentLog, temporaryFolder } from '../support/tools.ts';

const hour = 3_600_000;

/** A time table whose times come when the test says so. */
function handTimetable(next: () => number) {
  const due = new Map<string, () => void>();
  const timetable: Timetable = (expression, callback) => {
    due.set(expression, callback);
    return { next, stop: () => due.delete(expression) };
  };
  return { timetable, strike: (expression: string) => due.get(expression)?.() };
}

async function anUpkeep(jobs: readonly Partial<UpkeepJob>[], file?: string, clock = manualClock()) {
  const stop = new AbortController();
  const hand = handTimetable(() => clock.now() + hour);
  const alerts = createAlerts({ clock, log: silentLog });
  const upkeep = createUpkeep({
    jobs: jobs.map((job) => ({
      name: 'retention',
      summary: 'works',
      schedule: '17 3 * * *',
      whenMissed: 'due',
      jitterMs: 0,
      alert: 'upkeep-failing',
      run: () => Promise.resolve('done'),
      ...job,
    })),
    timetable: hand.timetable,
    file: file ?? join(await temporaryFolder(), 'upkeep.json'),
    settleMs: 1,
    alerts,
    random: () => 0.5,
    clock,
    log: silentLog,
    signal: stop.signal,
  });
  const end = async () => {
    stop.abort();
    await upkeep.close();
  };
  onTestFinished(end);
  await upkeep.start();
  const lastOf = (name: string) => upkeep.list().find((each) => each.name === name)?.last;
  return { upkeep, alerts, lastOf, end, ...hand };
}

describe('the upkeep', () => {
  it('runs a job when its time has come, and keeps what came of it', async () => {
    const file = join(await temporaryFolder(), 'upkeep.json');
    const first = await anUpkeep([{ run: () => Promise.resolve('3 files deleted') }], file);
    expect(first.lastOf('retention')).toBeNull();
    first.strike('17 3 * * *');
    await eventually('the run', () => first.lastOf('retention') !== null);
    expect(first.lastOf('retention')).toMatchObject({ ok: true, message: '3 files deleted', by: 'schedule' });
    await first.end();
    const second = await anUpkeep([{}], file);
    expect(second.lastOf('retention')).toMatchObject({ message: '3 files deleted' });
  });

  it('runs one job at a time, and who asks for one that runs gets the same run', async () => {
    let running = 0;
    let most = 0;
    const slow = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
      running -= 1;
      return 'done';
    };
    const { upkeep } = await anUpkeep([
      { name: 'retention', run: slow },
      { name: 'compaction', run: slow },
    ]);
    const [a, b, c] = await Promise.all([
      upkeep.run('retention'),
      upkeep.run('retention'),
      upkeep.run('compaction'),
    ]);
    expect(most).toBe(1);
    expect(a).toBe(b);
    expect(c).not.toBe(a);
  });

  it('runs after the start what was missed while it was off, and what has never run', async () => {
    const file = join(await temporaryFolder(), 'upkeep.json');
    const clock = manualClock();
    const jobs = [
      { name: 'retention', whenMissed: 'due' },
      { name: 'self-test', whenMissed: 'run' },
      { name: 'gallery', whenMissed: 'skip' },
    ] as const;
    const first = await anUpkeep(jobs, file, clock);
    await eventually('the first self-test', () => first.lastOf('self-test') !== null);
    expect(first.lastOf('self-test')?.by).toBe('missed');
    expect(first.lastOf('retention')).toBeNull();
    await first.end();
    clock.advance(2 * hour);
    const second = await anUpkeep(jobs, file, clock);
    await eventually('what was missed', () => second.lastOf('retention') !== null);
    expect(second.lastOf('retention')?.by).toBe('missed');
    expect(second.lastOf('gallery')).toBeNull();
  });

  it('raises an alert while the last run of a job failed', async () => {
    let fails = true;
    const run = () => (fails ? Promise.reject(new Error('no room')) : Promise.resolve('done'));
    const { upkeep, alerts } = await anUpkeep([{ run }]);
    expect(await upkeep.run('retention')).toMatchObject({ ok: false, message: 'no room' });
    expect(alerts.active()).toMatchObject([{ id: 'upkeep-failing' }]);
    expect(alerts.active()[0]?.message).toContain('retention: no room');
    fails = false;
    await upkeep.run('retention');
    expect(alerts.active()).toEqual([]);
  });

  it('waits for the job under way when it ends, and leaves a job that was cut short due', async () => {
    const file = join(await temporaryFolder(), 'upkeep.json');
    const cut = await anUpkeep(
      [
        {
          run: (signal) =>
            new Promise((_, reject) => {
              signal.addEventListener('abort', () => reject(new Error('cut')), { once: true });
            }),
        },
      ],
      file,
    );
    const run = cut.upkeep.run('retention');
    await eventually('its start', () => cut.upkeep.list()[0]?.state === 'running');
    await cut.end();
    expect((await run).ok).toBe(false);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ jobs: { retention: { last: null } } });
  });

  it.each(['', '{', '{"jobs":{"retention":7}}', '\0'.repeat(64)])(
    'starts with a damaged record (%j)',
    async (text) => {
      const file = join(await temporaryFolder(), 'upkeep.json');
      await writeFile(file, text);
      const { upkeep } = await anUpkeep([{}], file);
      expect((await upkeep.run('retention')).ok).toBe(true);
    },
  );
});

describe('time tables', () => {
  it.each(['* * * * *', '17 3 * * *', '0 0 1 1 *', '*/5 8-18 * * 1-5'])('takes %s', (expression) => {
    expect(cronProblem(expression)).toBeNull();
  });

  it.each(['', '61 * * * *', '* * *', 'daily', '* * * * * * *'])('refuses %j in words', (expression) => {
    expect(cronProblem(expression)).toMatch(/\w/);
  });

  it('strikes when its time comes, and knows the next one', async () => {
    let struck = 0;
    const before = Date.now();
    const timer = cronTimetable('* * * * * *', () => (struck += 1));
    onTestFinished(() => timer.stop());
    const next = timer.next() ?? 0;
    expect(next).toBeGreaterThanOrEqual(before);
    expect(next).toBeLessThan(Date.now() + 2_000);
    await eventually('a second', () => struck > 0);
    timer.stop();
  });
});
