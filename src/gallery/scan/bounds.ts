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

/**
 * For rows of codes. A row is v = s·q + e with the length of e known, the probe p = t·r + f. Then p·v − (t·r)·(s·q) = (t·r)·e + f·v, whose
 * size is at most |t·r|·|e| + |f|·|v| (Cauchy and Schwarz). The sum over the integers is exact; the few float32 roundings of the estimate
 * and of |e| are in the slack and in the factor.
 */
export function int8Probe(probe: Embedding): ScanProbe {
  const step = probe.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / int16Max || 1;
  const grid = Int16Array.from(probe, (value) => Math.round(value / step));
  let kept = 0;
  let lost = 0;
  for (const [i, value] of probe.entries()) {
    kept += (grid[i]! * step) ** 2;
    lost += (value - grid[i]! * step) ** 2;
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
