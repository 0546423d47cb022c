import type { Embedding } from './contract.ts';

/**
 * The vector of the same direction with length 1, in new memory, so that the dot product of two is their
 * cosine similarity. Throws a RangeError for a vector without a direction (zero, or not finite), which no
 * face gives.
 */
export function toUnitLength(vector: Float32Array): Embedding {
  const length = lengthOf(vector);
  if (!(length > 0 && Number.isFinite(length))) throw new RangeError('The vector has no direction.');
  return vector.map((value) => value / length) as Embedding;
}

export function lengthOf(vector: Float32Array): number {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return Math.sqrt(squares);
}
