import type { Embedding } from './contract.ts';

/**
 * The vector of the same direction with length 1, in new memory, so that the dot product of two is their
 * cosine similarity. Throws a RangeError for a vector without a direction (zero, or not finite), which no
 * face gives.
 */
export function toUnitLength(vector: Float32Array): Embedding {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const length = Math.sqrt(squares);
  if (!(length > 0 && Number.isFinite(length))) throw new RangeError('The vector has no direction.');
  return vector.map((value) => value / length) as Embedding;
}
