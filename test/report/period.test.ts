import { describe, expect, test } from 'vitest';
import { periodOf } from '../../src/report/period.ts';
import { momentOf, wallClock } from '../../src/report/zone.ts';

const now = Date.parse('2026-11-23T18:00:00.000Z');
const iso = (from: string, to: string, zone = 'UTC') => {
  const period = periodOf(from, to, zone, now);
  return [new Date(period.from).toISOString(), new Date(period.to).toISOString()];
};

describe('a period', () => {
  test('is given as spans before now, dates, or times', () => {
    expect(iso('-7d', 'now')).toEqual(['2026-11-16T18:00:00.000Z', '2026-11-23T18:00:00.000Z']);
    expect(iso('-90m', '-30m')).toEqual(['2026-11-23T16:30:00.000Z', '2026-11-23T17:30:00.000Z']);
    expect(iso('2026-11-01', '2026-11-02T06:30')).toEqual([
      '2026-11-01T00:00:00.000Z',
      '2026-11-02T06:30:00.000Z',
    ]);
    expect(iso('2026-11-01T00:00:00Z', '2026-11-01T05:00+01:00')).toEqual([
      '2026-11-01T00:00:00.000Z',
      '2026-11-01T04:00:00.000Z',
    ]);
  });

  test('takes dates and times as those of its zone, in summer and in winter', () => {
    expect(iso('2026-07-01', '2026-11-01', 'Europe/Berlin')).toEqual([
      '2026-06-30T22:00:00.000Z',
      '2026-10-31T23:00:00.000Z',
    ]);
    expect(iso('2026-11-01', '2026-11-02', 'Asia/Kolkata')[0]).toBe('2026-10-31T18:30:00.000Z');
  });

  test.each([
    ['-1h', 5, 'hour'],
    ['-6h', 15, 'hour'],
    ['-24h', 60, 'hour'],
    ['-3d', 180, 'day'],
    ['-7d', 360, 'day'],
    ['-4w', 1440, 'day'],
    ['-52w', 10080, 'day'],
  ] as const)('of %s has points of %i minutes, and counts per %s', (from, bucket_minutes, counts_per) => {
    expect(periodOf(from, 'now', 'UTC', now)).toMatchObject({ bucket_minutes, counts_per });
  });

  test.each([
    ['yesterday', 'now', 'UTC', '--from yesterday: that is no time'],
    ['2026-13-01', 'now', 'UTC', '--from 2026-13-01: that is no time'],
    ['-7d', '7', 'UTC', '--to 7: that is no time'],
    ['now', '-7d', 'UTC', '--from now is not before --to -7d'],
    ['-7d', 'now', 'Mars/Olympus', '--timezone Mars/Olympus: there is no such time zone'],
  ])('%s to %s in %s is refused', (from, to, zone, message) => {
    expect(() => periodOf(from, to, zone, now)).toThrow(message);
  });
});

describe('the clock on the wall', () => {
  test('shows the time of the zone, and its moment is found again', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/St_Johns', 'Pacific/Chatham']) {
      for (const at of [now, now + 1_800_000, Date.parse('2026-07-01T12:34:00Z')]) {
        expect(momentOf(wallClock(zone)(at), zone)).toBe(at);
      }
    }
    expect(wallClock('Europe/Berlin')(now).toISOString()).toBe('2026-11-23T19:00:00.000Z');
  });
});
