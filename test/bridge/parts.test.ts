import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDeadLetters } from '../../src/bridge/dead-letters.ts';
import { lineOf } from '../../src/bridge/influx.ts';
import { createIntake, overheadBytes } from '../../src/bridge/intake.ts';
import { judge } from '../../src/bridge/judge.ts';
import {
  checkinFields,
  checkinPoint,
  healthFields,
  healthPoint,
  metricsFields,
} from '../../src/bridge/points.ts';
import { bridgeFilters, readBridgedTopic } from '../../src/broker/topics.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { healthPayload, numberedEvent } from '../support/bridge.ts';
import { manualClock, silentLog, temporaryFolder } from '../support/tools.ts';

const place = { site: 'default', station: 'door-1' };

describe('a point', () => {
  it('is the same however often its event is sent, and another for another event of the same millisecond', () => {
    const event = numberedEvent(1);
    const time = (changes: object) => checkinPoint(place, { ...event, ...changes }).timeNs;
    expect(time({ replayed: true })).toBe(time({}));
    expect(time({ event_id: 'another' })).not.toBe(time({}));
    expect(time({ event_id: 'another' }) / 1_000_000n).toBe(BigInt(Date.parse(event.captured_at)));
  });

  it('leaves out what is not known', () => {
    const { fields } = healthPoint(
      place,
      healthPayload(0, { cpu_temp_c: null, throttled: null, disk: null, clock: 'unknown', alerts: [] }),
    );
    const names = fields.map(([name]) => name);
    for (const name of ['cpu_temp_c', 'throttled', 'disk_free_mb', 'clock_synced', 'alert_ids'])
      expect(names).not.toContain(name);
    expect(fields).toContainEqual(['alerts', 'int', 0]);
    const { alerts: _alerts, ...older } = healthPayload(0);
    expect(healthPoint(place, older).fields.map(([name]) => name)).not.toContain('alerts');
  });

  it('becomes a line whose types are those of the table', () => {
    expect(
      lineOf({
        measurement: 'health',
        tags: place,
        fields: [
          ['a', 'float', 4],
          ['b', 'int', 4],
          ['c', 'boolean', false],
          ['d', 'string', 'say "x, y"\\'],
        ],
        timeNs: 1_795_424_531_482_123_456n,
      }),
    ).toBe('health,site=default,station=door-1 a=4,b=4i,c=F,d="say \\"x, y\\"\\\\" 1795424531482123456');
  });

  it('has all its fields in docs/bridge.md, with their types', async () => {
    const docs = await readFile(join(packageRoot, 'docs/bridge.md'), 'utf8');
    for (const fields of [checkinFields, metricsFields, healthFields]) {
      for (const { name, type } of fields) {
        const shown = name
          .replace(/^latency_[a-z]+_(p\d\d)_ms$/, 'latency_<stage>_$1_ms')
          .replace(/^latency_[a-z]+_ms$/, 'latency_<stage>_ms')
          .replace(/^reason_\w+$/, 'reason_<reason>');
        expect(docs).toMatch(new RegExp(`^\\| \`${shown}\`[^|]*\\| ${type} `, 'm'));
      }
    }
  });
});

it.each([
  [{ status: null, message: 'ECONNREFUSED', retryAfter: null }, 'away'],
  [{ status: 503, message: 'timeout', retryAfter: null }, 'away'],
  [{ status: 500, message: 'engine: cache-max-memory-size exceeded', retryAfter: null }, 'away'],
  [{ status: 429, message: 'slow down', retryAfter: '30' }, 'away'],
  [{ status: 302, message: 'found', retryAfter: null }, 'away'],
  [{ status: 401, message: 'unauthorized', retryAfter: null }, 'misconfigured'],
  [{ status: 403, message: 'forbidden', retryAfter: null }, 'misconfigured'],
  [{ status: 404, message: 'database not found: "muster"', retryAfter: null }, 'misconfigured'],
  [{ status: 500, message: 'retention policy not found: year', retryAfter: null }, 'misconfigured'],
  [{ status: 413, message: 'too large', retryAfter: null }, 'too_large'],
  [{ status: 400, message: 'partial write: field type conflict', retryAfter: null }, 'refused'],
  [{ status: 422, message: 'outside retention', retryAfter: null }, 'refused'],
] as const)('an answer %o means %s', (failure, kind) => {
  const outcome = judge(failure, 0);
  const retryAfterMs = failure.retryAfter === '30' ? 30_000 : null;
  expect(outcome).toMatchObject(kind === 'away' ? { kind, retryAfterMs } : { kind });
});

it('a pause may be asked for as a date, and not for ever', () => {
  const asked = (retryAfter: string) =>
    judge({ status: 503, message: '', retryAfter }, Date.parse('2026-11-23T09:00:00Z'));
  expect(asked('Mon, 23 Nov 2026 09:00:20 GMT')).toMatchObject({ retryAfterMs: 20_000 });
  expect(asked('99999999')).toMatchObject({ retryAfterMs: 300_000 });
  expect(asked('soon')).toMatchObject({ retryAfterMs: null });
});

describe('the intake', () => {
  const message = (name: string, log: string[], bytes = 0) => ({
    payload: Buffer.alloc(bytes),
    acknowledge: () => void log.push(name),
  });

  it('acknowledges in the order of arrival, whatever is done first', () => {
    const log: string[] = [];
    const intake = createIntake({ maxBytes: 1e6, onRoom: () => undefined, onAcknowledged: () => undefined });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => intake.take(message(name, log)));
    c?.done();
    b?.done();
    expect(log).toEqual([]);
    a?.done();
    expect(log).toEqual(['a', 'b', 'c']);
    expect(intake.open()).toBe(0);
  });

  it('leaves with the broker what is too much, and asks for it when there is room', () => {
    const log: string[] = [];
    let asked = 0;
    const intake = createIntake({
      maxBytes: 2 * (overheadBytes + 100),
      onRoom: () => (asked += 1),
      onAcknowledged: () => undefined,
    });
    const a = intake.take(message('a', log, 100));
    const b = intake.take(message('b', log, 100));
    expect(intake.take(message('c', log, 100))).toBeNull();
    a?.done();
    // Later ones too, also with room: acknowledging d would pass over c.
    expect(intake.take(message('d', log))).toBeNull();
    expect(asked).toBe(0);
    b?.done();
    expect(asked).toBe(1);
    intake.sessionEnded();
    expect(intake.take(message('c', log, 100))).not.toBeNull();
  });

  it('does not acknowledge messages of a session that ended', () => {
    const log: string[] = [];
    const intake = createIntake({ maxBytes: 1e6, onRoom: () => undefined, onAcknowledged: () => undefined });
    const old = intake.take(message('old', log));
    intake.sessionEnded();
    const again = intake.take(message('again', log));
    old?.done();
    expect(old?.stale()).toBe(true);
    expect(log).toEqual([]);
    again?.done();
    expect(log).toEqual(['again']);
  });
});

it('dead letters stay within their bounds over restarts, and keep what is no text', async () => {
  const dir = await temporaryFolder();
  const clock = manualClock();
  const options = { dir: join(dir, 'letters'), maxFiles: 3, maxBytes: 10_000, clock, log: silentLog };
  const topic = 'muster/1/default/door-1/checkin';
  const first = createDeadLetters(options);
  await first.open();
  for (const text of ['one', 'two', 'three', 'four']) {
    clock.advance(1);
    await first.keep({ topic, payload: Buffer.from(text), reason: 'x' });
  }
  const payloads = async () =>
    await Promise.all(
      (await readdir(options.dir))
        .toSorted()
        .map(
          async (name) =>
            (JSON.parse(await readFile(join(options.dir, name), 'utf8')) as { payload: string }).payload,
        ),
    );
  expect(await payloads()).toEqual(['two', 'three', 'four']);
  const second = createDeadLetters(options);
  await second.open();
  clock.advance(1);
  await second.keep({ topic, payload: Buffer.from([0xff, 0x00]), reason: 'x' });
  expect(await payloads()).toEqual(['three', 'four', '/wA=']);
  clock.advance(1);
  await second.keep({ topic, payload: Buffer.alloc(9_900, 0x61), reason: 'x' });
  expect((await payloads()).map(({ length }) => length)).toEqual([9_900]);
});

it('topics are read strictly, and shared ones are asked for under their group', () => {
  expect(readBridgedTopic('muster/1/default/door-1/checkin')).toEqual({ ...place, kind: 'checkin' });
  for (const topic of [
    'muster/1/default/bridge/health',
    'muster/1/default/gallery/health',
    'muster/1/default/door-1/state',
    'muster/2/default/door-1/checkin',
    'muster/1/default/door 1/checkin',
    'muster/1/default/door-1/checkin/x',
    'muster/1/default/bridges/checkin\n',
  ])
    expect(readBridgedTopic(topic)).toBeNull();
  expect(readBridgedTopic('muster/1/default/bridges/health')).toMatchObject({ station: 'bridges' });
  expect(bridgeFilters(null, 'g')[0]).toBe('$share/g/muster/1/+/+/checkin');
  expect(bridgeFilters('default', null)).toContain('muster/1/default/+/health');
});
