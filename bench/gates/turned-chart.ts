import * as Plot from '@observablehq/plot';
import { panelBasis, stackPanels } from '../panels.ts';
import type { Axis, Turned } from './turned.ts';

const panelHeight = 260;
const labels: Readonly<Record<Axis, string>> = {
  yaw_deg: 'turned to a side',
  pitch_deg: 'nodded up or down',
};

/** Each mated comparison by how far the head is turned, with threshold, limit of the gate, and the medians of the bins: one SVG. */
export function turnedChart(
  turned: readonly Turned[],
  { threshold, limits }: { readonly threshold: number; readonly limits: Readonly<Record<Axis, number>> },
): string {
  const basis = panelBasis();
  const drawn = turned.map(({ axis, mated, bins }) => {
    const medians = bins.flatMap(({ from, to, similarity }) =>
      similarity === null ? [] : [{ from, to, similarity }],
    );
    return Plot.plot({
      ...basis,
      height: panelHeight,
      marginBottom: 42,
      x: { domain: [0, 60], label: `${labels[axis]}, degrees`, labelAnchor: 'center', labelArrow: 'none' },
      y: {
        domain: [0, 1],
        label: 'similarity to a frontal photo of the same person',
        labelArrow: 'none',
        grid: true,
        ticks: 5,
      },
      marks: [
        Plot.dot(mated, { x: 'turn', y: 'similarity', r: 2, fill: '#2563a8', fillOpacity: 0.45 }),
        Plot.ruleY(medians, {
          x1: 'from',
          x2: (bin: { to: number }) => Math.min(bin.to, 60),
          y: 'similarity',
          stroke: '#222',
          strokeWidth: 2,
        }),
        Plot.ruleY([threshold], { stroke: '#b45309', strokeDasharray: '6 4', strokeWidth: 2 }),
        Plot.text([threshold], {
          x: 60,
          y: threshold,
          text: () => 'threshold',
          dy: 12,
          textAnchor: 'end',
          fill: '#8a3f06',
        }),
        Plot.ruleX([limits[axis]], { stroke: '#444', strokeDasharray: '2 3', strokeWidth: 1.5 }),
        Plot.text([limits[axis]], {
          x: limits[axis],
          y: 0.04,
          text: () => 'limit of the gate',
          dx: 6,
          textAnchor: 'start',
          fill: '#222',
        }),
      ],
    });
  });
  return stackPanels(drawn, { panelHeight });
}
