import { drawn, Plot, sizes, type Chart, type Size } from '../document/plot.ts';

/** A chart over time. Times are of the clock on the wall, as UTC. */
export interface TimeFrame {
  /** What it shows, for those who can't see it. */
  readonly label: string;
  /** The unit, at the top of the axis. */
  readonly unit: string;
  readonly from: Date;
  readonly to: Date;
}

export interface Line {
  readonly name: string;
  /** A CSS colour. */
  readonly colour: string;
  readonly dashed?: boolean;
  /** In the order of time. Null breaks the line. */
  readonly points: readonly { readonly at: Date; readonly value: number | null }[];
}

/** Lines, with a dot at each point. The axis spans at least `range`, without one from 0 to a little above the highest. */
export function lineChart(
  frame: TimeFrame,
  lines: readonly Line[],
  range?: readonly [number, number],
): Chart {
  const all = lines.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
  const domain = range
    ? [Math.min(range[0], ...all), Math.max(range[1], ...all)]
    : [0, Math.max(1, ...all) * 1.1];
  return drawn(frame.label, (size) => ({
    x: timeAxis(frame, size),
    y: {
      domain: [...domain],
      label: frame.unit,
      grid: true,
      nice: range === undefined,
      labelArrow: 'none',
      ticks: 5,
    },
    marks: lines.flatMap(({ colour, dashed = false, points }) => {
      const channels = { x: 'at', y: 'value', stroke: colour };
      const line = Plot.lineY(points, {
        ...channels,
        strokeWidth: 2,
        ...(dashed && { strokeDasharray: '6 4' }),
      });
      return dashed
        ? [line]
        : [line, Plot.dot(points, { ...channels, fill: colour, r: size === sizes.wide ? 1.8 : 1.3 })];
    }),
  }));
}

export interface Bar {
  readonly at: Date;
  readonly parts: readonly { readonly colour: string; readonly value: number }[];
}

/** Bars of `barMs` over time, their parts one on the other; each is named by the time at which it begins, below its middle. */
export function barChart(frame: TimeFrame, barMs: number, bars: readonly Bar[]): Chart {
  const boxes = bars.flatMap(({ at, parts }) => {
    let below = 0;
    return parts.map(({ colour, value }) => {
      const box = { from: at, to: new Date(at.getTime() + barMs), low: below, high: below + value, colour };
      below += value;
      return box;
    });
  });
  const highest = Math.max(1, ...boxes.map(({ high }) => high));
  const last = bars.at(-1)?.at ?? frame.from;
  const whole = { ...frame, to: new Date(Math.max(frame.to.getTime(), last.getTime() + barMs)) };
  return drawn(frame.label, (size) => ({
    x: { ...timeAxis(whole, size), ...middleTicks(size) },
    y: { domain: [0, highest], label: frame.unit, grid: true, nice: true, labelArrow: 'none', ticks: 5 },
    marks: [
      Plot.rect(boxes, {
        x1: 'from',
        x2: 'to',
        y1: 'low',
        y2: 'high',
        fill: 'colour',
        insetLeft: 1,
        insetRight: 1,
      }),
      Plot.ruleY([0]),
    ],
  }));

  function middleTicks(size: Size) {
    const step = Math.ceil(bars.length / (size === sizes.wide ? 8 : 4));
    const named = timeAxis(whole, size).tickFormat;
    const shown = bars.filter((_, index) => index % step === 0);
    return {
      ticks: shown.map(({ at }) => new Date(at.getTime() + barMs / 2)),
      tickFormat: (middle: Date) => named(new Date(middle.getTime() - barMs / 2)),
    };
  }
}

export interface Rank {
  readonly name: string;
  readonly value: number;
  /** A second, larger figure: a thin bar behind the first. */
  readonly beyond?: number;
  readonly text: string;
}

/** A bar to the right for each name, with its figure at its end. */
export function rankChart(label: string, unit: string, colour: string, ranks: readonly Rank[]): Chart {
  const longest = Math.max(...ranks.map(({ name }) => name.length));
  const furthest = Math.max(1, ...ranks.map(({ value, beyond = 0 }) => Math.max(value, beyond)));
  return drawn(label, (size) => ({
    height: 66 + ranks.length * 28,
    marginBottom: 42,
    marginLeft: 16 + longest * 7.5,
    // Room for the figure at the end of the longest bar.
    marginRight: 20 + Math.max(...ranks.map(({ text }) => text.length)) * 6.5,
    x: {
      domain: [0, furthest],
      label: unit,
      grid: true,
      labelArrow: 'none',
      ticks: size === sizes.wide ? 6 : 3,
    },
    y: { domain: ranks.map(({ name }) => name), label: null, tickSize: 0, padding: 0.3 },
    marks: [
      Plot.barX(
        ranks.filter(({ beyond }) => beyond !== undefined),
        { x: 'beyond', y: 'name', fill: colour, fillOpacity: 0.3 },
      ),
      Plot.barX(ranks, { x: 'value', y: 'name', fill: colour }),
      Plot.text(ranks, {
        x: ({ value, beyond = 0 }: Rank) => Math.max(value, beyond),
        y: 'name',
        text: 'text',
        textAnchor: 'start',
        dx: 6,
      }),
      Plot.ruleX([0]),
    ],
  }));
}

function timeAxis({ from, to }: TimeFrame, size: Size) {
  const days = (to.getTime() - from.getTime()) / 86_400_000;
  const clock = (at: Date) => at.toISOString().slice(11, 16);
  const date = (at: Date) => `${at.getUTCDate()} ${months[at.getUTCMonth()]}`;
  return {
    type: 'utc',
    domain: [from, to],
    label: null,
    ticks: size === sizes.wide ? 8 : 4,
    tickFormat: (at: Date) => (days > 4 || clock(at) === '00:00' ? date(at) : clock(at)),
  } as const;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
