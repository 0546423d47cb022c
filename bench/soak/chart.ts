import * as Plot from '@observablehq/plot';
import { panelBasis, stackPanels } from '../panels.ts';
import type { SoakSample } from './soak.ts';

const colour = '#2563a8';
const panels = [
  {
    label: 'memory, MB',
    lines: [
      { key: 'rssMb', name: 'the process (RSS)', stroke: colour },
      { key: 'filesMb', name: 'of it, files of the program', stroke: '#8a8f98' },
      { key: 'heapMb', name: 'of it, heap of the main thread', stroke: '#0f766e' },
      { key: 'heapUsedMb', name: 'in use of that heap', stroke: '#9a6b00', below: true },
    ],
  },
  { label: 'open files and sockets', lines: [{ key: 'handles', name: '', stroke: colour }] },
  { label: 'the data directory on the disk, MiB', lines: [{ key: 'diskMb', name: '', stroke: colour }] },
] as const;
const panelHeight = 200;

/** Memory, handles and disk over the captures, one below the other, with the times without a broker shaded: one SVG. */
export function soakChart(samples: readonly SoakSample[], title: string): string {
  const basis = panelBasis();
  const away = spansAway(samples);
  const last = samples.at(-1)?.captures ?? 1;
  const drawn = panels.map(({ label, lines }, i) => {
    const highest = Math.max(...samples.flatMap((sample) => lines.map(({ key }) => sample[key])));
    return Plot.plot({
      ...basis,
      height: panelHeight,
      marginBottom: 40,
      x: {
        domain: [0, last],
        label: i === panels.length - 1 ? 'captures decided' : null,
        labelArrow: 'none',
      },
      y: { domain: [0, highest * 1.15], label, labelArrow: 'none', grid: true, ticks: 4 },
      marks: [
        Plot.rect(away, {
          x1: 'from',
          x2: 'to',
          y1: 0,
          y2: highest * 1.15,
          fill: '#b45309',
          fillOpacity: 0.14,
        }),
        ...lines.flatMap(({ key, name, stroke, ...line }) => [
          Plot.lineY(samples, { x: 'captures', y: key, stroke, strokeWidth: 1.6 }),
          Plot.text(samples.slice(-1), {
            x: 'captures',
            y: key,
            text: () => name,
            fill: stroke,
            // The lines pass behind the words.
            stroke: 'white',
            strokeWidth: 4,
            textAnchor: 'end',
            dx: -4,
            dy: 'below' in line ? 12 : -9,
          }),
        ]),
        Plot.ruleY([0]),
      ],
    });
  });
  return stackPanels(drawn, { panelHeight, title });
}

function spansAway(samples: readonly SoakSample[]): { from: number; to: number }[] {
  const spans: { from: number; to: number }[] = [];
  let from: number | null = null;
  for (const { brokerAway, captures } of samples) {
    if (brokerAway) from ??= captures;
    else if (from !== null) {
      spans.push({ from, to: captures });
      from = null;
    }
  }
  return spans;
}
