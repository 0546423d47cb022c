import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { SoakSample } from './soak.ts';

const colour = '#2563a8';
const width = 860;
const panels = [
  { key: 'rssMb', label: 'memory of the process (RSS), MB' },
  { key: 'handles', label: 'open files and sockets' },
  { key: 'diskMb', label: 'the data directory on the disk, MiB' },
] as const;
const panelHeight = 200;

/** Memory, handles and disk over the captures, one below the other, with the times without a broker shaded: one SVG. */
export function soakChart(samples: readonly SoakSample[], title: string): string {
  const { document } = parseHTML('<!doctype html><html></html>');
  const away = spansAway(samples);
  const last = samples.at(-1)?.captures ?? 1;
  const parts = panels.map(({ key, label }, i) => {
    const highest = Math.max(...samples.map((sample) => sample[key]));
    const plot = Plot.plot({
      document,
      width,
      height: panelHeight,
      marginLeft: 52,
      marginTop: 34,
      marginBottom: 40,
      style: { fontSize: '12px', background: 'white', color: '#222' },
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
        Plot.lineY(samples, { x: 'captures', y: key, stroke: colour, strokeWidth: 1.6 }),
        Plot.ruleY([0]),
      ],
    });
    plot.setAttribute('y', `${26 + i * panelHeight}`);
    return plot.outerHTML;
  });
  const height = 26 + panels.length * panelHeight;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif">
<rect width="100%" height="100%" fill="white"/>
<text x="16" y="20" font-size="13" fill="#222">${title}</text>
${parts.join('\n')}
</svg>
`;
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
