import type { Embedding } from '../../vision/contract.ts';

/** A probe as a scan wants it, and how far an estimate may be from the inner product that float64 would give. */
export interface ScanProbe {
  /** int16 as `int8Probe` says, or float32. */
  readonly bytes: Uint8Array;
  /** The estimate is so many times the scale and the sum of products; 1 for float32. */
  readonly step: number;
  /** The bound of a row is `reach` · (what its codes lose) + `slack`. */
  readonly reach: number;
  readonly slack: number;
}

/** The unit roundoff of float32. */
const roundoff = 2 ** -24;
/** Templates have length 1; what other software has made is taken up to 1.001 (template-file.ts). */
const longestRow = 1.001;
/** Of the codes of a row. */
const codeMax = 127;
/** Two codes x and y are one int16: pair · y + x. */
const pair = 256;
/** The kernel takes so many numbers in turn: the first eight are the x, the others the y. */
const inTurn = 16;
const half = inTurn / 2;
/** It adds up in four lanes: in each of them two neighbours of every eight. */
const lanes = 4;
/** What 32 bits hold of products with codes and `pair`. Rounded down, which is more than float32 takes off the step. */
const laneMax = Math.floor((2 ** 31 - 1) / (codeMax * pair));
/** Less than an int16, by more than what the y take of an x. */
const gridMax = 32_000;

/**
 * For rows of codes. A row is v = s·q + e with the length of e known, the probe p = r + f with r what the kernel multiplies by. Then
 * p·v − r·(s·q) = r·e + f·v, whose size is at most |r|·|e| + |f|·|v| (Cauchy and Schwarz). The sums over the integers are exact; the few
 * float32 roundings of the estimate and of |e| are in the slack and in the factor.
 *
 * Of a pair of codes the kernel multiplies pair·y + x by one int16, a, and pair·x by another, b. So r is step·a at y and step·(b + a / pair) at x.
 */
export function int8Probe(probe: Embedding): ScanProbe {
  const step = stepFor(probe);
  const grid = new Int16Array(probe.length);
  let kept = 0;
  let lost = 0;
  // Plain loops: with a function call for each number, or values taken apart from an array, this took a fiftieth of a search of 100,000 templates.
  for (let turn = 0; turn < probe.length; turn += inTurn) {
    for (let i = turn; i < turn + half; i += 1) {
      const x = probe[i]!;
      const y = probe[i + half]!;
      const a = Math.round(y / step);
      const b = Math.round(x / step - a / pair);
      grid[i] = a;
      grid[i + half] = b;
      const rx = step * (b + a / pair);
      const ry = step * a;
      kept += rx * rx + ry * ry;
      lost += (x - rx) ** 2 + (y - ry) ** 2;
    }
  }
  const reach = Math.sqrt(kept);
  return {
    bytes: new Uint8Array(grid.buffer),
    step: step / pair,
    reach: reach * (1 + 4 * roundoff * probe.length),
    slack: Math.sqrt(lost) * longestRow + 32 * roundoff * (1 + reach),
  };
}

/**
 * The finest step, a float32, with which the integers fit. The sum of a lane is at most codeMax · pair · Σ|r| / step over its numbers, and every |r| is
 * at most |p| + step / 2.
 */
function stepFor(probe: Embedding): number {
  let most = 0;
  let longest = 0;
  for (let lane = 0; lane < half; lane += half / lanes) {
    let sum = 0;
    for (let i = lane; i < probe.length; i += half) {
      const one = Math.abs(probe[i]!);
      const other = Math.abs(probe[i + 1]!);
      sum += one + other;
      most = Math.max(most, one, other);
    }
    longest = Math.max(longest, sum);
  }
  const finest = Math.max(most / gridMax, longest / (laneMax - probe.length / lanes / 2));
  return Math.fround(finest) || 1;
}

/** For rows of float32: the sum of n products is off by at most about n roundoffs of the vectors' lengths (Higham 2002, section 3.1). */
export function float32Probe(probe: Embedding): ScanProbe {
  const values = Float32Array.from(probe);
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const slack = roundoff * (probe.length + 32) * length * longestRow;
  return { bytes: new Uint8Array(values.buffer), step: 1, reach: 0, slack };
}
