import type { Gallery } from '../gallery/contract.ts';
import type { EmbeddedFace } from '../vision/contract.ts';
import type { MatchedFace } from './contract.ts';

/** Matches each face with the gallery: the two most similar subjects, so that the margin is known. */
export function matchFaces(faces: readonly EmbeddedFace[], gallery: Gallery): readonly MatchedFace[] {
  return faces.map(({ embedding, ...face }) => ({ ...face, matches: gallery.search(embedding, 2) }));
}
