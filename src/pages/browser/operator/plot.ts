import uPlot from 'uplot';

/** One line or set of points. */
export interface Series {
  readonly label: string;
  /** A custom property of the sheet, such as `--good`. */
  readonly colour: string;
  readonly kind: 'line' | 'dashed' | 'filled points' | 'hollow points';
}

export interface PlotOptions {
  readonly series: readonly Series[];
  /** The vertical axis' ends; null: as the data has it, from 0. */
  readonly range: readonly [number, number] | null;
  readonly format: (value: number) => string;
}

/** The door to uPlot: a chart over time in the colours of the sheet. Returns what ends it, and what gives it data. */
export function drawPlot(place: HTMLElement, { series, range, format }: PlotOptions) {
  const style = getComputedStyle(place);
  const colour = (name: string) => resolved(place, style.getPropertyValue(name));
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { show: false },
    font: '12px Inter, system-ui, sans-serif',
  };
  const plot = new uPlot(
    {
      width: Math.max(place.clientWidth, 100),
      height: 220,
      padding: [12, 12, 0, 0],
      cursor: { points: { show: false }, drag: { x: false, y: false }, y: false },
      legend: { show: false },
      scales: {
        // Not by the ends that uPlot proposes: of a single moment it makes a whole day.
        x: { time: true, range: ({ data: [at] }) => aMinuteAtLeast(at[0] ?? null, at.at(-1) ?? null) },
        y: {
          range: range === null ? (_plot, _min, max) => [0, Math.max(1, (max ?? 1) * 1.1)] : () => [...range],
        },
      },
      axes: [
        { ...axis, size: 28, space: 75, values: (_plot, splits) => clockTimes(splits) },
        { ...axis, size: 58, space: 40, values: (_plot, splits) => splits.map(format) },
      ],
      series: [
        {},
        ...series.map(({ label, colour: name, kind }) => {
          const stroke = colour(name);
          const points = kind.endsWith('points');
          return {
            label,
            stroke,
            width: kind === 'dashed' ? 1.5 : 2,
            ...(kind === 'dashed' ? { dash: [5, 4] } : {}),
            ...(points ? { paths: () => null } : {}),
            points: {
              // A line of a single point would not be seen: uPlot shows points where there are few.
              ...(kind === 'line' ? {} : { show: points }),
              size: kind === 'filled points' ? 7 : 8,
              width: 1.6,
              stroke,
              fill: kind === 'filled points' ? stroke : colour('--card'),
            },
          };
        }),
      ],
    },
    [[], ...series.map(() => [])],
    place,
  );
  const width = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 220 }));
  width.observe(place);
  return {
    show: (columns: readonly (readonly (number | null)[])[]) =>
      plot.setData(columns.map((column) => [...column]) as unknown as uPlot.AlignedData),
    end() {
      width.disconnect();
      plot.destroy();
    },
  };
}

/** A single check-in would have no time around it, s. */
function aMinuteAtLeast(min: number | null, max: number | null): [number | null, number | null] {
  if (min === null || max === null || max - min >= 60) return [min, max];
  const middle = (min + max) / 2;
  return [middle - 30, middle + 30];
}

/** A canvas knows no light-dark(): the browser is asked what it comes to here. */
function resolved(place: HTMLElement, colour: string): string {
  const probe = document.createElement('span');
  probe.style.color = colour;
  place.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** With seconds only where the marks stand less than a minute apart. */
function clockTimes(seconds: readonly number[]): string[] {
  const [first = 0, second = first + 60] = seconds;
  const format: Intl.DateTimeFormatOptions = {
    hour: '2-digit',
    minute: '2-digit',
    ...(second - first < 60 ? { second: '2-digit' } : {}),
  };
  return seconds.map((at) => new Date(at * 1000).toLocaleTimeString('en-GB', format));
}
