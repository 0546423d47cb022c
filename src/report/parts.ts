import type { EpochMs } from '../lib/clock.ts';
import type { Html } from '../document/html.ts';
import { table, type Cell, type Legend } from '../document/parts.ts';
import type { Line, TimeFrame } from './charts.ts';
import type { ReportData } from './contract.ts';
import { lengthOf, whenOf } from './words.ts';

/** What the sections of the report share: the frame and the lines of a chart over time, and its table. */

export function frameOf({ period }: ReportData, label: string, unit: string, from?: EpochMs): TimeFrame {
  const { wall } = whenOf(period);
  return { label, unit, from: wall(Math.min(from ?? period.from, period.from)), to: wall(period.to) };
}

/** A line of the period, broken where more than one bucket has no value. */
export function lineOf(
  { period }: ReportData,
  name: string,
  colour: string,
  values: readonly (readonly [at: EpochMs, value: number | null])[],
): Line {
  const { wall } = whenOf(period);
  const bucketMs = period.bucket_minutes * 60_000;
  const points = values
    .filter(([, value]) => value !== null)
    .flatMap(([at, value], index, all) => {
      const before = all[index - 1]?.[0] ?? at;
      // The first bucket begins before the period; its point belongs to what is inside.
      const point = { at: wall(Math.max(at, period.from)), value };
      return at - before > 2.5 * bucketMs ? [{ at: wall(before + bucketMs), value: null }, point] : [point];
    });
  return { name, colour, points };
}

export function legendOf(lines: readonly Line[]): Legend {
  return lines.map(({ name, colour, dashed = false }) => [name, colour, dashed]);
}

export function timeTable<Row extends { readonly at: EpochMs }>(
  { period }: ReportData,
  head: readonly string[],
  rows: readonly Row[],
  cells: (row: Row) => readonly Cell[],
): Html {
  const { short } = whenOf(period);
  return table(
    [`${lengthOf(period.bucket_minutes)} from`, ...head],
    rows.map((row) => [short(row.at, period.bucket_minutes), ...cells(row)]),
  );
}
