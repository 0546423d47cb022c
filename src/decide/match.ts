import type { Gallery } from '../gallery/contract.ts';
import type { EmbeddedFace } from '../vision/contract.ts';
import type { MatchedFace } from './contract.ts';

/** Matches each face with the gallery: the two most similar subjects, so that the margin is known. */
export async function matchFaces(
  faces: readonly EmbeddedFace[],
  gallery: Gallery,
): Promise<readonly MatchedFace[]> {
  const apart = faces.map(({ embedding, ...face }) => ({ embedding, face }));
  const found = await gallery.searchEach(
    apart.map(({ embedding }) => embedding),
    2,
  );
  return apart.map(({ face }, i) => ({ ...face, matches: found[i] ?? [] }));
}
