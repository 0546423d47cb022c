import type { EpochMs } from '../lib/clock.ts';

/** The zone that the machine is set to. */
export function machineZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** What a clock on the wall shows, as if it were UTC: its date's UTC parts are the wall's. */
export function wallClock(zone: string): (at: EpochMs) => Date {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (at) => {
    const parts = Object.fromEntries(
      format.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  };
}

/** The moment at which the clock on the wall shows `wall`; the first of two where it is put back. */
export function momentOf(wall: Date, zone: string): EpochMs {
  const onWall = wallClock(zone);
  const offsetAt = (at: EpochMs) => onWall(at).getTime() - Math.floor(at / 1000) * 1000;
  const guess = wall.getTime() - offsetAt(wall.getTime());
  return wall.getTime() - offsetAt(guess);
}
