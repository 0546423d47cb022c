import { html, trusted, type Html } from './html.ts';
import type { Chart } from './plot.ts';

/** What the sections of a page are made of: a chart with its legend, and a table of its numbers. */

export const colours = {
  good: 'var(--good)',
  watch: 'var(--watch)',
  plain: 'var(--plain)',
  limit: 'var(--quiet)',
} as const;

export type Cell = string | number | null;

export type Legend = readonly (readonly [name: string, colour: string, dashed?: boolean])[];

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
