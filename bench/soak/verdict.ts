import { median, quantile } from '../../src/lib/quantile.ts';
import type { ProcessReading } from './rig.ts';
import type { SoakResult, SoakSample } from './soak.ts';

/** Share of the captures in which code is compiled, caches fill and the memory finds its size. */
const warmUpShare = 0.1;
/** Of the captures after it: what is compared at the beginning and at the end. */
const windowShare = 0.15;

export interface SoakVerdict {
  /** Medians of the two windows. */
  readonly rssMb: readonly [after: number, end: number];
  readonly rssGrowthPct: number;
  /** Of that: what the main thread's heap has taken, and what its objects hold outside of it. */
  readonly heapMb: readonly [after: number, end: number];
  readonly externalMb: readonly [after: number, end: number];
  /** What nine samples of ten have at the least: a photo is open while it is read, but a file that nobody closes is open in each. */
  readonly handles: readonly [after: number, end: number];
  readonly diskMaxMb: number;
}

/** What a soak shows: how the end differs from the time after the warm-up. */
export function verdictOf({ captures, samples }: Pick<SoakResult, 'captures' | 'samples'>): SoakVerdict {
  const warm = captures * warmUpShare;
  const window = (captures - warm) * windowShare;
  const after = samples.filter(({ captures: at }) => at >= warm && at < warm + window);
  const end = samples.filter(({ captures: at }) => at >= captures - window);
  const both = (key: keyof ProcessReading, of = median) =>
    [typical(after, key, of), typical(end, key, of)] as const;
  const rssMb = both('rssMb');
  return {
    rssMb,
    rssGrowthPct: (100 * (rssMb[1] - rssMb[0])) / rssMb[0],
    heapMb: both('heapMb'),
    externalMb: both('externalMb'),
    handles: both('handles', leastOfMost),
    diskMaxMb: Math.max(...samples.map(({ diskMb }) => diskMb)),
  };
}

/** With the broker there: an outage closes a socket or two. */
function typical(
  samples: readonly SoakSample[],
  key: keyof ProcessReading,
  of: (values: readonly number[]) => number,
): number {
  const values = samples.filter(({ brokerAway }) => !brokerAway).map((sample) => sample[key]);
  return values.length === 0 ? Number.NaN : of(values);
}

function leastOfMost(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.1,
  );
}
