import type { Estimate } from './contract.ts';

/** A rate as a person reads it: `1 %`, `0.01 %`. */
export function rateWords(rate: number): string {
  return `${Number((rate * 100).toPrecision(2))} %`;
}

/** Lower and upper end of an interval. */
export function span({ interval }: Estimate, digits: number): string {
  return interval === null ? 'unknown' : `${interval[0].toFixed(digits)} to ${interval[1].toFixed(digits)}`;
}
