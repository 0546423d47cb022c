import { availableParallelism, cpus } from 'node:os';

/** What a choice of threads depends on besides the models. */
export interface Machine {
  /** As the kernel names the processor, such as `Cortex-A76`. */
  readonly cpu: string;
  /** Cores that this process may use. */
  readonly cores: number;
}

/** How fast one number of threads was. */
export interface Measured {
  readonly threads: number;
  /** Of one photo from bytes to embedding, ms. */
  readonly median_ms: number;
  readonly captures_per_s: number;
  /** Processor time of one photo over all cores, s. */
  readonly cpu_s_per_capture: number;
}

/** A choice that counts for one pack only: another one has other nets. */
export interface TunedThreads {
  readonly threads: number;
  readonly fingerprint: string;
}

/** A second thread is worth its core only when it saves more than this share of the time. */
const worthwhile = 0.05;

/** Up to so many cores each number is tried; the nets are small, so that beyond it the steps may be wide. */
const eachUpTo = 4;
/** As `vision.threads` allows. */
export const mostThreads = 64;

export function thisMachine(): Machine {
  return { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism() };
}

/** The numbers of threads to try: 1 to 4, then 6, 8, 12, 16, 24, … and all cores, 64 at the most. */
export function candidateThreads(cores: number): readonly number[] {
  const counts: number[] = [];
  const last = Math.min(cores, mostThreads);
  for (let n = 1; n < last; n = nextStep(n)) counts.push(n);
  return [...counts, last];
}

/** From 4 on a power of two is followed by one and a half times, and that by the next power. */
function nextStep(n: number): number {
  if (n < eachUpTo) return n + 1;
  return Number.isInteger(Math.log2(n)) ? n * 1.5 : (n * 4) / 3;
}

/**
 * The number of threads of the fastest median, or the least one within 5 % of it, which leaves a core for input
 * and output. `measured` must not be empty.
 */
export function chooseThreads(measured: readonly Measured[]): number {
  const fastest = Math.min(...measured.map(({ median_ms }) => median_ms));
  const good = measured.filter(({ median_ms }) => median_ms <= fastest * (1 + worthwhile));
  return Math.min(...good.map(({ threads }) => threads));
}
