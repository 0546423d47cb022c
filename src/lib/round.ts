/** `value` rounded to `digits` decimals. */
export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  // Adding 0 turns the −0 that rounding can give into 0.
  return Math.round(value * scale) / scale + 0;
}
