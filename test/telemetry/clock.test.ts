import { chmod, mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { scenery } from '../../demo/sample-photos.ts';
import { createStationConnection } from '../../src/broker/open.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createStore } from '../../src/store/store.ts';
import { correctedEvent } from '../../src/telemetry/clock-correction.ts';
import { createClockWatch } from '../../src/telemetry/clock-watch.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { createTelemetry } from '../../src/telemetry/telemetry.ts';
import { freePort } from '../../demo/free-port.ts';
import { fakeTime } from '../faults/rig.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { face, facts, subject } from '../support/events.ts';
import { startStation } from '../support/station.ts';
import { eventually, manualClock, silentLog, temporaryFolder } from '../support/tools.ts';

const hour = 3_600_000;
/** The time that a board without a clock module has kept from its last shutdown. */
const before = Date.parse('2026-11-20T18:00:00.000Z');
const behindMs = 63 * hour;

/** A board whose clock can be set. */
function aBoard() {
  const clock = manualClock(before);
  let setBy = 0;
  let trust: CheckinEvent['clock'] = 'unsynced';
  return {
    clock: { ...clock, now: () => clock.now() + setBy },
    advance: (ms: number) => clock.advance(ms),
    set(by: number) {
      setBy = by;
      trust = 'synced';
    },
    machine: {
      uptimeMs: () => 40_000 + clock.monotonic(),
      read: () =>
        Promise.resolve({
          cpu_temp_c: null,
          throttled: null,
          load_1m: 0,
          memory: { rss_mb: 1, free_mb: 1, total_mb: 1 },
          disk: null,
          clock: trust,
        }),
    },
  };
}
type Board = ReturnType<typeof aBoard>;

/** The telemetry of a station whose broker is away. */
async function telemetryOn(dir: string, { clock, machine }: Board) {
  const config = await loadConfig({
    env: { MUSTER_DATA_DIR: dir, MUSTER_MQTT__URL: `mqtt://127.0.0.1:${await freePort()}` },
  });
  const surroundings = { clock, log: silentLog, random: Math.random };
  const connection = createStationConnection(config, surroundings);
  const store = createStore(join(dir, 'state'));
  const telemetry = createTelemetry({ config, store, connection, machine, clock, log: silentLog });
  await telemetry.start();
  await telemetry.connect();
  let open = true;
  const close = async () => {
    if (open) await telemetry.close();
    open = false;
  };
  onTestFinished(close);
  const record = async (id: string) => {
    const at = clock.now() - 31;
    const one = face([['alice', 0.8]]);
    const visit = {
      first_at: new Date(at - 500).toISOString(),
      frames: 3,
      usable: 3,
      agreeing: 3,
      total_ms: 531,
    };
    const decision = {
      face: one,
      decision: 'accepted',
      subject: subject('alice'),
      similarity: 0.8,
      margin: null,
    } as const;
    const [entry] = await telemetry.recorder.record(id, [
      [
        decision,
        { ...facts, eventId: id, capturedAt: at, clock: telemetry.clockTrust(), faces: [one], visit },
      ],
    ]);
    return entry!.event;
  };
  const waiting = async () => (await telemetry.outbox.read(0, 100)).map(({ event }) => event);
  return { telemetry, store, record, waiting, close };
}

const moved = (time: string) => new Date(Date.parse(time) + behindMs).toISOString();

it('events that wait get the times of the clock once it is set, and say so', async () => {
  const board = aBoard();
  const { telemetry, record, waiting } = await telemetryOn(await temporaryFolder(), board);
  const first = await record('a');
  expect(first).toMatchObject({ clock: 'unsynced', uptime_ms: 40_000 });
  board.advance(90_000);
  const second = await record('b');
  board.advance(30_000);
  board.set(behindMs);
  await eventually('the correction', async () => (await waiting()).every(({ clock }) => clock === 'synced'));
  expect(await waiting()).toEqual(
    [first, second].map((event) => ({
      ...event,
      captured_at: moved(event.captured_at),
      decided_at: moved(event.decided_at),
      visit: { ...event.visit, first_at: moved(event.visit!.first_at) },
      clock: 'synced',
      clock_corrected_ms: behindMs,
    })),
  );
  expect(telemetry.outbox.stats()).toMatchObject({ depth: 2, oldest: Date.parse(moved(first.decided_at)) });
  // The cool-down goes by the corrected times too.
  expect(await record('c')).toMatchObject({ clock: 'synced', decision: 'rejected', reason: 'cooldown' });
  expect((await waiting()).at(-1)).not.toHaveProperty('uptime_ms');
});

it('also after the station was started again; but not after the machine was', async () => {
  const [dir, board] = [await temporaryFolder(), aBoard()];
  const first = await telemetryOn(dir, board);
  const event = await first.record('a');
  await first.close();
  const second = await telemetryOn(dir, board);
  expect(await second.waiting()).toEqual([event]);
  await second.close();
  board.set(behindMs);
  const third = await telemetryOn(dir, board);
  await eventually('the correction', async () => (await third.waiting())[0]?.clock === 'synced');
  expect((await third.waiting())[0]?.decided_at).toBe(moved(event.decided_at));
  await third.close();

  const [other, lateBoard] = [await temporaryFolder(), aBoard()];
  const before2 = await telemetryOn(other, lateBoard);
  const left = await before2.record('a');
  // As the next start of the machine finds it.
  await before2.store.batch([{ key: 'meta/boot', value: 'another' }], { durable: true });
  await before2.close();
  lateBoard.set(behindMs);
  const after = await telemetryOn(other, lateBoard);
  expect(after.telemetry.clockTrust()).toBe('synced');
  expect(await after.waiting()).toEqual([left]);
});

it('corrects nothing that was right, of another stream, or without a running time. Pure', () => {
  const event = { ...facts, clock: 'unsynced', stream: 's', decided_at: '2026-11-23T09:00:00.000Z' } as never;
  const set = { trust: 'synced', startedAt: before, stream: 's' } as const;
  expect(correctedEvent(event, set)).toBeNull();
  expect(correctedEvent({ ...(event as object), uptime_ms: 1, stream: 't' } as never, set)).toBeNull();
  expect(correctedEvent({ ...(event as object), uptime_ms: 1, clock: 'synced' } as never, set)).toBeNull();
});

it('who sends waits for the clock, but not for ever', async () => {
  const board = aBoard();
  const seen: (number | null)[] = [];
  const watch = createClockWatch({ ...board, everyMs: 5, onTrusted: (_, startedAt) => seen.push(startedAt) });
  watch.start();
  onTestFinished(() => watch.stop());
  await watch.settled(60_000);
  watch.learn('unsynced');
  await watch.settled(1);
  const settled = watch.settled(60_000);
  expect(seen).toEqual([]);
  board.set(behindMs);
  await settled;
  expect(seen).toEqual([before - 40_000 + behindMs]);
});

it.skipIf(fakeTime === undefined)(
  `a real station on a board without a clock module${fakeTime === undefined ? ' (skipped: libfaketime is not installed)' : ''}`,
  async () => {
    const dir = await temporaryFolder();
    const [offset, synced, bin] = [join(dir, 'offset'), join(dir, 'synced'), join(dir, 'bin')];
    await writeFile(offset, `-${behindMs / 1000}`);
    await writeFile(synced, 'no');
    await mkdir(bin);
    await writeFile(join(bin, 'timedatectl'), `#!/bin/sh\nexec cat ${synced}\n`);
    await chmod(join(bin, 'timedatectl'), 0o755);
    const broker = await startBroker();
    const { messages } = await subscribe(broker.url(), 'muster/1/default/station-1/checkin');
    const station = startStation(dir, {
      MUSTER_MQTT__URL: broker.url(),
      MUSTER_OUTBOX__CLOCK_WAIT_S: '600',
      PATH: `${bin}:${process.env['PATH']}`,
      LD_PRELOAD: fakeTime ?? '',
      FAKETIME_TIMESTAMP_FILE: offset,
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_CACHE_DURATION: '1',
      NO_FAKE_STAT: '1',
    });
    await station.ready;
    const takenAt = new Date(Math.floor(Date.now() / 1000) * 1000);
    const wrong = new Date(takenAt.getTime() - behindMs);
    await writeFile(join(dir, 'a.jpg'), await scenery());
    await utimes(join(dir, 'a.jpg'), wrong, wrong);
    await rename(join(dir, 'a.jpg'), join(dir, 'data', 'inbox', 'a.jpg'));
    await eventually('a decision', () => station.lines.some(({ msg }) => msg === 'decided'));
    expect(messages).toEqual([]);

    await writeFile(synced, 'yes');
    await writeFile(offset, '+0');
    await eventually('the event', () => messages.length === 1);
    const event = JSON.parse(messages[0]!.payload) as CheckinEvent;
    expect(event).toMatchObject({ clock: 'synced' });
    // The running time of the machine is told in hundredths of a second.
    expect(Math.abs((event.clock_corrected_ms ?? 0) - behindMs)).toBeLessThan(1_000);
    expect(Math.abs(Date.parse(event.captured_at) - takenAt.getTime())).toBeLessThan(1_000);
    expect(await station.stop()).toBe(0);
  },
);
