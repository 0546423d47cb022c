import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

export { Plot };

/**
 * The one door to Plot, and to linkedom, whose document Plot draws into. A chart is inline SVG: no script, no colour of
 * its own (they are CSS variables of the page), and drawn twice, since the text of one that shrinks with a phone can't be read.
 */
export interface Chart {
  readonly wide: string;
  readonly narrow: string;
}

export const sizes = { wide: { width: 720, height: 250 }, narrow: { width: 340, height: 220 } } as const;
export type Size = (typeof sizes)[keyof typeof sizes];

/** Draws a chart in both sizes. `label` says what it shows, for those who can't see it. */
export function drawn(label: string, options: (size: Size) => Plot.PlotOptions): Chart {
  const { document } = parseHTML('<!doctype html><html></html>');
  const draw = (size: Size) => {
    const chart = Plot.plot({
      document,
      marginLeft: 44,
      marginRight: 16,
      marginTop: 24,
      ...size,
      style: { fontSize: '12px' },
      ariaLabel: label,
      ...options(size),
    });
    chart.setAttribute('role', 'img');
    return chart.outerHTML;
  };
  return { wide: draw(sizes.wide), narrow: draw(sizes.narrow) };
}
