import type { Embedding } from './contract.ts';
import { lengthOf, toUnitLength } from './embedding.ts';
import type { Network } from './runtime.ts';

/** Faces of one inference; a bound on memory for a photo of a crowd. */
const facesPerRun = 16;

export interface EmbeddedCrop {
  readonly embedding: Embedding;
  /** Length of the net's own vector: it grows with what the net saw of a face (Meng et al., MagFace, 2021). */
  readonly length: number;
}

/** Turns `count` crops, `[count, 3, side, side]`, into their embeddings. */
export type Embed = (crops: Float32Array, count: number) => Promise<EmbeddedCrop[]>;

/**
 * The embedder. With `flip`, the mirror image of each crop is embedded too and the mean of both is the
 * embedding, which takes nearly twice the time: crops and mirror images go through the net together, which spares a tenth.
 */
export function createEmbedder(
  network: Network,
  options: { readonly side: number; readonly dimension: number; readonly flip: boolean },
): Embed {
  const { side, dimension, flip } = options;
  const cropLength = 3 * side * side;

  async function run(crops: Float32Array, count: number): Promise<Float32Array> {
    const { embedding } = await network.run(crops, [count, 3, side, side]);
    if (embedding?.data.length !== count * dimension)
      throw new Error(`The embedder's output is not [${count}, ${dimension}].`);
    return embedding.data;
  }

  return async (crops, count) => {
    const embedded: EmbeddedCrop[] = [];
    for (let first = 0; first < count; first += facesPerRun) {
      const size = Math.min(facesPerRun, count - first);
      const batch = crops.subarray(first * cropLength, (first + size) * cropLength);
      const vectors = flip ? await run(withMirrored(batch, side), 2 * size) : await run(batch, size);
      const ofMirrored = size * dimension;
      for (let i = 0; flip && i < ofMirrored; i++) vectors[i] = (vectors[i]! + vectors[ofMirrored + i]!) / 2;
      for (let i = 0; i < size; i++) {
        const vector = vectors.subarray(i * dimension, (i + 1) * dimension);
        embedded.push({ embedding: toUnitLength(vector), length: lengthOf(vector) });
      }
    }
    return embedded;
  };
}

/** The crops, and then all of them with the rows of every plane from right to left. */
function withMirrored(crops: Float32Array, side: number): Float32Array {
  const { length } = crops;
  const both = new Float32Array(2 * length);
  both.set(crops);
  for (let row = 0; row < length; row += side) {
    for (let column = 0; column < side; column++)
      both[length + row + column] = crops[row + side - 1 - column]!;
  }
  return both;
}
