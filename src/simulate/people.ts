import type { Gallery, SubjectId, Template } from '../gallery/contract.ts';
import { galleryOfTable } from '../gallery/table-gallery.ts';
import { digestOf, tableOf } from '../gallery/template-table.ts';
import { seededRandom } from '../lib/random.ts';
import type { Embedding } from '../vision/contract.ts';

/** As the default pack's. */
export const dimension = 192;

/** What stands in events where a station names its models: no models were at work. */
export const simulatedModel = `simulated@sha256:${'0'.repeat(64)}`;

/** A standard normal number (Box and Muller 1958). */
export function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A unit vector of any direction. In 192 dimensions (or `length`) two of them are nearly at right angles. */
export function anyDirection(random: () => number, length = dimension): Embedding {
  const vector = Float32Array.from({ length }, () => normal(random));
  return scaled(vector, 1 / Math.hypot(...vector));
}

/** A unit vector whose cosine similarity to `face` is about `similarity`. */
export function likeness(face: Embedding, similarity: number, random: () => number): Embedding {
  const other = anyDirection(random);
  const rest = Math.sqrt(1 - similarity ** 2);
  const vector = face.map((value, i) => similarity * value + rest * other[i]!);
  return scaled(vector, 1 / Math.hypot(...vector));
}

/** The people of a site who don't exist, one template each. */
export async function inventPeople(count: number, seed: number): Promise<Gallery> {
  const random = seededRandom(seed);
  const templates = Array.from({ length: count }, (_, i): Template => ({
    subject: `s-${String(i + 1).padStart(4, '0')}` as SubjectId,
    n: 0,
    embedding: anyDirection(random),
  }));
  const table = tableOf(templates, dimension);
  return {
    revision: 1,
    publication: null,
    fingerprint: simulatedModel,
    digest: await digestOf(table),
    ...galleryOfTable(table),
  };
}

function scaled(vector: Float32Array, factor: number): Embedding {
  return vector.map((value) => value * factor) as Embedding;
}
