import type { Embedding } from '../../vision/contract.ts';

/** A probe as a scan wants it, and how far an estimate may be from the inner product that float64 would give. */
export interface ScanProbe {
  /** int16 on the grid of `step`, or float32. */
  readonly bytes: Uint8Array;
  /** Of the int16; 1 for float32. */
  readonly step: number;
  /** The bound of a row is `reach` · (what its codes lose) + `slack`. */
  readonly reach: number;
  readonly slack: number;
}

/** The unit roundoff of float32. */
const roundoff = 2 ** -24;
/** Templates have length 1; what other software has made is taken up to 1.001 (template-file.ts). */
const longestRow = 1.001;
const int16Max = 32_767;
const int32Max = 2 ** 31 - 1;
/** Of the codes of a row. */
const int8Max = 127;

/**
 * For rows of codes. A row is v = s·q + e with the length of e known, the probe p = t·r + f. Then p·v − (t·r)·(s·q) = (t·r)·e + f·v, whose
 * size is at most |t·r|·|e| + |f|·|v| (Cauchy and Schwarz). The sum over the integers is exact; the few float32 roundings of the estimate
 * and of |e| are in the slack and in the factor.
 */
export function int8Probe(probe: Embedding): ScanProbe {
  // Plain loops: with a function call for each number this took a fiftieth of a search of 100,000 templates.
  let most = 0;
  for (let i = 0; i < probe.length; i += 1) most = Math.max(most, Math.abs(probe[i]!));
  // The sum of the products with a row fits 32 bits, even where all numbers of both are the largest.
  const finest = Math.min(int16Max, Math.floor(int32Max / (int8Max * probe.length)));
  const step = most / finest || 1;
  const grid = new Int16Array(probe.length);
  let kept = 0;
  let lost = 0;
  for (let i = 0; i < probe.length; i += 1) {
    const value = probe[i]!;
    const nearest = Math.round(value / step);
    grid[i] = nearest;
    kept += (nearest * step) ** 2;
    lost += (value - nearest * step) ** 2;
  }
  const reach = Math.sqrt(kept);
  return {
    bytes: new Uint8Array(grid.buffer),
    step,
    reach: reach * (1 + 4 * roundoff * probe.length),
    slack: Math.sqrt(lost) * longestRow + 32 * roundoff * (1 + reach),
  };
}

/** For rows of float32: the sum of n products is off by at most about n roundoffs of the vectors' lengths (Higham 2002, section 3.1). */
export function float32Probe(probe: Embedding): ScanProbe {
  const values = Float32Array.from(probe);
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const slack = roundoff * (probe.length + 32) * length * longestRow;
  return { bytes: new Uint8Array(values.buffer), step: 1, reach: 0, slack };
}
