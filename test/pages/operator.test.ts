import { describe, expect, test } from 'vitest';
import type { ConfigField, ShownEvent } from '../../src/pages/browser/lib/contract.ts';
import { judge } from '../../src/pages/browser/operator/candidate.ts';
import { bySection, shownValue } from '../../src/pages/browser/operator/fields.ts';
import { detailsOf, levelOf } from '../../src/pages/browser/operator/log-line.ts';
import { latencySeries, median, similaritySeries } from '../../src/pages/browser/operator/series.ts';
import { keptEvents, told, unknownStation } from '../../src/pages/browser/operator/station.ts';

const event = (second: number, part: Partial<ShownEvent> = {}) =>
  ({
    event_id: `e${second}`,
    captured_at: new Date(Date.UTC(2026, 10, 23, 9, 0, second)).toISOString(),
    decision: 'accepted',
    similarity: 0.7,
    threshold: 0.44,
    latency_ms: { queue: 1, decode: 4, detect: 15, align: 1, embed: 16, match: 0.1, total: 40 + second },
    ...part,
  }) as ShownEvent;

describe('charts', () => {
  const newestFirst = [
    event(3, { decision: 'rejected', similarity: 0.1 }),
    event(2, { decision: 'rejected', similarity: null }),
    event(1),
  ];
  const at = Date.UTC(2026, 10, 23, 9) / 1000;

  test('similarity has a column for each decision, ascending in time, without what was not compared', () => {
    expect(similaritySeries(newestFirst)).toEqual({
      at: [at + 1, at + 3],
      accepted: [0.7, null],
      rejected: [null, 0.1],
      threshold: [0.44, 0.44],
    });
  });

  test('latency has each decision', () => {
    expect(latencySeries(newestFirst)).toEqual({
      at: [at + 1, at + 2, at + 3],
      total: [41, 42, 43],
      models: [32, 32, 32],
    });
  });

  test('without events they are empty', () => {
    expect(latencySeries([])).toEqual({ at: [], total: [], models: [] });
    expect(median([])).toBeNull();
  });

  test('the median of an even number is the lower of the two', () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2);
  });
});

describe('what the page knows', () => {
  test('the newest event comes first, once, and the oldest go', () => {
    let station = unknownStation;
    for (let second = 0; second < keptEvents + 5; second++)
      station = told(station, { kind: 'checkin', event: event(second) });
    station = told(station, { kind: 'checkin', event: event(keptEvents + 4) });
    expect(station.events).toHaveLength(keptEvents);
    expect(station.events[0]?.event_id).toBe(`e${keptEvents + 4}`);
    expect(station.events[1]?.event_id).toBe(`e${keptEvents + 3}`);
    expect(unknownStation.events).toEqual([]);
  });

  test('an alert is there until it is cleared', () => {
    const alert = {
      schema: 'alert/1',
      id: 'outbox-full',
      severity: 'error',
      message: 'm',
      since: 's',
    } as const;
    const raised = told(unknownStation, { kind: 'alert', id: alert.id, alert });
    expect(told(raised, { kind: 'alert', id: alert.id, alert }).alerts).toEqual([alert]);
    expect(told(raised, { kind: 'alert', id: alert.id, alert: null }).alerts).toEqual([]);
  });
});

describe('a photo to enrol', () => {
  const face = { quality: {}, failed_gate: null } as never as Parameters<typeof judge>[0]['face'];

  test('is good where no gate fails and nobody is alike', () => {
    expect(judge({ face, warnings: [] })).toEqual({ tone: 'good', title: 'Good', advice: '' });
  });

  test('a failed gate is said with what to do, before any warning', () => {
    const warnings = [{ code: 'like_other', other: 'bella', similarity: 0.9 }];
    expect(judge({ face: { ...face, failed_gate: 'size' }, warnings })).toEqual({
      tone: 'watch',
      title: 'Face too small',
      advice: 'Come closer, or take a photo with more pixels.',
    });
    expect(judge({ face, warnings })).toMatchObject({
      title: 'Like bella',
      advice: expect.stringContaining('0.90'),
    });
    const twin = { code: 'duplicate', other: 'bella', similarity: 1 };
    expect(judge({ face, warnings: [twin] }).title).toBe('The same photo as bella’s');
    expect(judge({ face, warnings: [{ code: 'unlike_own', other: null, similarity: 0.1 }] }).title).toBe(
      'Unlike the other photos',
    );
  });
});

test('settings are found by their words, in their sections', () => {
  const field = (name: string, origin = 'default'): ConfigField => ({
    name,
    value: null,
    origin,
    remote: false,
    secret: false,
    description: `about ${name}`,
    allowed: '',
  });
  const fields = [field('site'), field('mqtt.url', 'MUSTER_MQTT__URL'), field('mqtt.embedded.port')];
  expect(bySection(fields, { text: '', onlyChanged: false }).map(({ name }) => name)).toEqual([
    'station',
    'mqtt',
  ]);
  expect(bySection(fields, { text: 'ABOUT port', onlyChanged: false })).toEqual([
    { name: 'mqtt', fields: [fields[2]] },
  ]);
  expect(bySection(fields, { text: '', onlyChanged: true })).toEqual([{ name: 'mqtt', fields: [fields[1]] }]);
  expect([null, 'auto', 0.05, [40, 230]].map((value) => shownValue({ value }))).toEqual([
    'null',
    'auto',
    '0.05',
    '[40,230]',
  ]);
});

test('a line of the log is its level, its words and what else it says', () => {
  expect([10, 30, 40, 50, 60, 99, 'warn'].map((level) => levelOf({ level }))).toEqual([
    'trace',
    'info',
    'warn',
    'error',
    'fatal',
    'fatal',
    'warn',
  ]);
  expect(
    detailsOf({ level: 30, time: 1, pid: 4, msg: 'decided', decision: 'accepted', gate: null, seq: 7 }),
  ).toBe('decision=accepted seq=7');
});
