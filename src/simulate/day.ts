import type { EpochMs } from '../lib/clock.ts';

const hourMs = 3_600_000;
const stepMs = 60_000;

/** Arrivals over a working day: each peak as its hour, its width and its height; UTC. */
const peaks = [
  { hour: 8.4, widthH: 0.6, height: 10 },
  { hour: 12.6, widthH: 0.8, height: 4 },
  { hour: 17.2, widthH: 0.9, height: 6 },
] as const;
/** At night, against the peaks' heights. */
const floor = 0.05;

/** How busy a door is at a time of day; only ratios mean something. */
export function bustle(time: EpochMs): number {
  const hour = (time / hourMs) % 24;
  return peaks.reduce(
    (sum, peak) => sum + peak.height * Math.exp(-(((hour - peak.hour) / peak.widthH) ** 2)),
    floor,
  );
}

/** Daylight at the door, 0 at night to 1 at noon. */
export function daylight(time: EpochMs): number {
  const hour = (time / hourMs) % 24;
  return Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI));
}

/**
 * `count` times of arrival from `from` on within `durationMs`, ascending: many in the peaks of the day, few at night, as many in all
 * as are asked for.
 *
 * @param random 0..1; one draw for each arrival
 */
export function arrivals(
  {
    from,
    durationMs,
    count,
  }: { readonly from: EpochMs; readonly durationMs: number; readonly count: number },
  random: () => number,
): EpochMs[] {
  const steps = Math.max(1, Math.ceil(durationMs / stepMs));
  const stepLength = durationMs / steps;
  const cumulative = new Float64Array(steps + 1);
  for (let i = 0; i < steps; i += 1) {
    cumulative[i + 1] = cumulative[i]! + bustle(from + (i + 0.5) * stepLength);
  }
  const times: EpochMs[] = [];
  let step = 0;
  for (let i = 0; i < count; i += 1) {
    const share = ((i + random()) / count) * cumulative[steps]!;
    while (cumulative[step + 1]! < share && step < steps - 1) step += 1;
    const within = (share - cumulative[step]!) / (cumulative[step + 1]! - cumulative[step]!);
    // A camera takes no two photos in one millisecond, and a database that counts in them would keep one.
    times.push(Math.max(Math.round(from + (step + within) * stepLength), (times.at(-1) ?? from - 1) + 1));
  }
  return times;
}
