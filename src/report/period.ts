import { MusterError } from '../lib/errors.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { Period } from './contract.ts';
import { isZone, momentOf } from './zone.ts';

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;
const hourMs = unitMs.h;
const dayMs = unitMs.d;

/** The longest period for which a point stands for so many minutes: 20 to 60 points are read well. */
const buckets: readonly (readonly [untilMs: number, minutes: number])[] = [
  [2 * hourMs, 5],
  [6 * hourMs, 15],
  [36 * hourMs, 60],
  [4 * dayMs, 180],
  [14 * dayMs, 360],
  [62 * dayMs, 1440],
];
const longest = 7 * 1440;

/** Throws MusterError `period_invalid`. */
export function periodOf(from: string, to: string, zone: string, now: EpochMs): Period {
  if (!isZone(zone)) {
    throw new MusterError('period_invalid', `--timezone ${zone}: there is no such time zone`, {
      remedy: 'Give an IANA name such as Europe/Berlin or UTC.',
    });
  }
  const [start, end] = [momentFrom('--from', from, zone, now), momentFrom('--to', to, zone, now)];
  if (start >= end) {
    throw new MusterError('period_invalid', `--from ${from} is not before --to ${to}`, {
      remedy: 'Give an earlier --from or a later --to.',
    });
  }
  const length = end - start;
  const [, minutes] = buckets.find(([untilMs]) => length <= untilMs) ?? [0, longest];
  return {
    from: start,
    to: end,
    zone,
    bucket_minutes: minutes,
    counts_per: length <= 36 * hourMs ? 'hour' : 'day',
  };
}

function momentFrom(option: string, text: string, zone: string, now: EpochMs): EpochMs {
  if (text === 'now') return now;
  const ago = /^-(\d{1,6})([mhdw])$/.exec(text);
  if (ago !== null) return now - Number(ago[1]) * unitMs[ago[2] as keyof typeof unitMs];
  const local = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(text);
  const at = Date.parse(local ? `${text.includes('T') ? text : `${text}T00:00`}Z` : text);
  const whole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  if (Number.isNaN(at) || !(local || whole)) {
    throw new MusterError('period_invalid', `${option} ${text}: that is no time`, {
      remedy:
        'Give now, -7d (m, h, d or w), a date (2026-11-23), or a time (2026-11-23T09:00, or with Z or +01:00 at its end).',
    });
  }
  return local ? momentOf(new Date(at), zone) : at;
}
