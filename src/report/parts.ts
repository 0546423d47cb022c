import type { EpochMs } from '../lib/clock.ts';
import type { Chart, Line, TimeFrame } from './charts.ts';
import type { ReportData } from './contract.ts';
import { html, trusted, type Html } from './html.ts';
import { lengthOf, whenOf } from './words.ts';

/** What the sections of the report are made of: a chart with its legend, and a table of its numbers. */

export const colours = {
  good: 'var(--good)',
  watch: 'var(--watch)',
  plain: 'var(--plain)',
  limit: 'var(--quiet)',
} as const;

export type Cell = string | number | null;

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

type Legend = readonly (readonly [name: string, colour: string, dashed?: boolean])[];

export function legendOf(lines: readonly Line[]): Legend {
  return lines.map(({ name, colour, dashed = false }) => [name, colour, dashed]);
}

export function figure({ wide, narrow }: Chart, legend: Legend): Html {
  const keys = legend.map(
    ([name, colour, dashed = false]) =>
      html`<li${trusted(dashed ? ' class="dashed"' : '')} style="--key: ${colour}">${name}</li>`,
  );
  return html`<figure>
    <div class="wide">${trusted(wide)}</div>
    <div class="narrow">${trusted(narrow)}</div>
    ${
      keys.length === 0
        ? []
        : [
            html`<ul aria-label="Legend">
              ${keys}
            </ul>`,
          ]
    }
  </figure>`;
}

export function section(title: string, words: string, chart: Html, numbers: Html): Html {
  return html`<section>
    <h2>${title}</h2>
    <p class="quiet">${words}</p>
    <div class="both">${chart} ${numbers}</div>
  </section>`;
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

/** It scrolls by itself, also from the keyboard, so that the page never does sideways. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): Html {
  const cell = (value: Cell | undefined, index: number) =>
    index === 0 ? html`<th scope="row">${value ?? '–'}</th>` : html`<td>${value ?? '–'}</td>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${`Numbers: ${head.join(', ')}`}">
    <table>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map(cell)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

export function fixed(value: number | null, digits: number): string | null {
  return value === null ? null : value.toFixed(digits);
}
