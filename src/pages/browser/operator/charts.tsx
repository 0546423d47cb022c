import type { ShownEvent } from '../lib/contract.ts';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { themeChanged } from '../lib/bar.tsx';
import { milliseconds, number } from '../lib/format.ts';
import { drawPlot, type PlotOptions } from './plot.ts';
import { latencySeries, median, similaritySeries } from './series.ts';

const similarity: PlotOptions = {
  series: [
    { label: 'accepted', colour: '--good', kind: 'filled points' },
    { label: 'rejected', colour: '--watch', kind: 'hollow points' },
    { label: 'threshold', colour: '--quiet', kind: 'dashed' },
  ],
  range: [-0.2, 1],
  format: (value) => number(value, 1),
};

const latency: PlotOptions = {
  series: [
    { label: 'from capture to decision', colour: '--plain', kind: 'line' },
    { label: 'of which in the models', colour: '--watch', kind: 'dashed' },
  ],
  range: null,
  format: (value) => `${number(value)} ms`,
};

/** Similarity and latency of the check-ins that the table below lists. */
export function Charts({ events }: { readonly events: readonly ShownEvent[] }): JSX.Element {
  const similarities = similaritySeries(events);
  const latencies = latencySeries(events);
  const accepted = similarities.accepted.filter((value) => value !== null);
  const lowest = accepted.length === 0 ? null : Math.min(...accepted);
  return (
    <>
      <Chart
        title="Similarity"
        summary={
          accepted.length === 0
            ? 'Nobody was accepted yet.'
            : `${accepted.length} accepted, the lowest at ${number(lowest, 2)}.`
        }
        options={similarity}
        columns={[similarities.at, similarities.accepted, similarities.rejected, similarities.threshold]}
      />
      <Chart
        title="Latency"
        summary={`Half of the decisions took at most ${milliseconds(median(latencies.total))}.`}
        options={latency}
        columns={[latencies.at, latencies.total, latencies.models]}
      />
    </>
  );
}

interface ChartProps {
  readonly title: string;
  /** In words, for everyone. */
  readonly summary: string;
  readonly options: PlotOptions;
  readonly columns: readonly (readonly (number | null)[])[];
}

function Chart({ title, summary, options, columns }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<ReturnType<typeof drawPlot> | null>(null);
  const theme = useThemeCount();
  useEffect(() => {
    if (place.current === null) return undefined;
    plot.current = drawPlot(place.current, options);
    return () => {
      plot.current?.end();
      plot.current = null;
    };
  }, [options, theme]);
  useEffect(() => plot.current?.show(columns), [columns, theme]);
  const empty = (columns[0]?.length ?? 0) === 0;
  return (
    <figure class="card chart">
      <figcaption>
        <h2>{title}</h2>
        <p class="quiet small">{empty ? 'No check-ins yet.' : summary}</p>
      </figcaption>
      <div
        ref={place}
        role="img"
        aria-label={`${title} over time. ${summary} The table of check-ins has each figure.`}
      />
      <ul class="key" aria-hidden="true">
        {options.series.map(({ label, colour, kind }) => (
          <li key={label} data-kind={kind} style={{ '--key': `var(${colour})` }}>
            {label}
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** Goes up whenever the colours change, by the button or by the system. */
function useThemeCount(): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    const change = () => setCount((before) => before + 1);
    const system = matchMedia('(prefers-color-scheme: dark)');
    window.addEventListener(themeChanged, change);
    system.addEventListener('change', change);
    return () => {
      window.removeEventListener(themeChanged, change);
      system.removeEventListener('change', change);
    };
  }, []);
  return count;
}
