import { colours } from '../document/parts.ts';
import { drawn, Plot, sizes, type Chart } from '../document/plot.ts';
import type { Calibration } from './contract.ts';
import { rateWords } from './words.ts';

/** Rates below this can't be told from nothing on a chart. */
const lowestRate = 1e-6;

/** FMR falls and FNMR rises with the threshold; the recommended one is marked, with its interval. */
export function ratesChart({ curve, threshold, fmr }: Calibration): Chart {
  const least = Math.max(
    lowestRate,
    Math.min(fmr / 3, ...curve.flatMap((at) => (at.fmr > 0 ? [at.fmr] : []))),
  );
  const shown = curve.filter(({ threshold: at }) => at > -0.2);
  return drawn('FMR and FNMR by threshold, on a scale of powers of ten', (size) => ({
    height: size === sizes.wide ? 320 : 260,
    marginLeft: 56,
    marginBottom: 40,
    x: {
      label: 'threshold (similarity)',
      labelArrow: 'none',
      labelAnchor: 'center',
      ticks: size === sizes.wide ? 10 : 5,
    },
    y: {
      type: 'log',
      domain: [least, 1],
      label: 'rate',
      labelArrow: 'none',
      grid: true,
      ticks: 5,
      tickFormat: rateWords,
    },
    marks: [
      ...(threshold.interval === null
        ? []
        : [
            Plot.rectX([threshold.interval], {
              x1: ([lower]: readonly [number, number]) => lower,
              x2: ([, upper]: readonly [number, number]) => upper,
              fill: colours.limit,
              fillOpacity: 0.25,
            }),
          ]),
      Plot.ruleY([fmr], { stroke: colours.limit, strokeDasharray: '2 4' }),
      Plot.ruleX([threshold.value], { stroke: colours.limit, strokeDasharray: '6 4', strokeWidth: 2 }),
      Plot.lineY(
        shown.filter((at) => at.fmr >= least),
        { x: 'threshold', y: 'fmr', stroke: colours.watch, strokeWidth: 2 },
      ),
      Plot.lineY(
        shown.filter((at) => at.fnmr >= least),
        { x: 'threshold', y: 'fnmr', stroke: colours.plain, strokeWidth: 2 },
      ),
    ],
  }));
}

/** Shares of the mated and of the non-mated comparisons by similarity. */
export function histogramChart({ histogram, threshold }: Calibration): Chart {
  const { from, width, mated, non_mated } = histogram;
  const bars = (counts: readonly number[]) => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    return counts.map((count, i) => ({ from: from[i]!, to: from[i]! + width, share: (100 * count) / total }));
  };
  const both = { x1: 'from', x2: 'to', y1: 0, y2: 'share', fillOpacity: 0.6, inset: 0.3 };
  return drawn('Shares of comparisons by similarity, mated and non-mated', (size) => ({
    marginBottom: 40,
    x: {
      domain: [-0.4, 1],
      label: 'similarity',
      labelArrow: 'none',
      labelAnchor: 'center',
      ticks: size === sizes.wide ? 10 : 5,
      clamp: true,
    },
    y: { label: '% of its kind', labelArrow: 'none', grid: true, ticks: 5 },
    marks: [
      Plot.rect(bars(non_mated).filter(visible), { ...both, fill: colours.watch }),
      Plot.rect(bars(mated).filter(visible), { ...both, fill: colours.plain }),
      Plot.ruleX([threshold.value], { stroke: colours.limit, strokeDasharray: '6 4', strokeWidth: 2 }),
      Plot.ruleY([0]),
    ],
  }));
}

function visible({ from, share }: { readonly from: number; readonly share: number }): boolean {
  return from >= -0.4 && share > 0;
}

/** FPIR by the size of the gallery: as estimated from the FMR, and as simulated. */
export function searchesChart({ searches }: Calibration): Chart {
  const simulated = searches.flatMap(({ size, simulated: found }) =>
    found === null ? [] : [{ size, fpir: found.fpir.value, interval: found.fpir.interval }],
  );
  const positive = [
    ...searches.map((each) => each.estimated_fpir),
    ...simulated.map(({ fpir }) => fpir),
  ].filter((rate) => rate > 0);
  const least = Math.max(lowestRate, Math.min(0.01, ...positive) / 2);
  return drawn('FPIR by the number of people in the gallery', (size) => ({
    marginLeft: 56,
    marginBottom: 40,
    x: {
      type: 'log',
      label: 'people in the gallery',
      labelArrow: 'none',
      labelAnchor: 'center',
      ticks: size === sizes.wide ? 6 : 3,
      tickFormat: (people: number) => people.toLocaleString('en'),
    },
    y: {
      type: 'log',
      domain: [least, 1],
      label: 'FPIR',
      labelArrow: 'none',
      grid: true,
      ticks: 4,
      tickFormat: rateWords,
    },
    marks: [
      Plot.lineY(
        searches.filter((each) => each.estimated_fpir >= least),
        { x: 'size', y: 'estimated_fpir', stroke: colours.watch, strokeWidth: 2, strokeDasharray: '6 4' },
      ),
      Plot.ruleX(
        simulated.filter(({ interval }) => interval !== null && interval[1] > least),
        {
          x: 'size',
          y1: ({ interval }: (typeof simulated)[number]) => Math.max(least, interval?.[0] ?? least),
          y2: ({ interval }: (typeof simulated)[number]) => interval?.[1] ?? least,
          stroke: colours.plain,
        },
      ),
      Plot.dot(
        simulated.filter(({ fpir }) => fpir >= least),
        { x: 'size', y: 'fpir', fill: colours.plain, r: 4 },
      ),
    ],
  }));
}
