import type { Gate } from '../decide/contract.ts';
import { chosenFace, type FaceChoice } from '../evaluate/face.ts';
import type { SubjectId, Template } from '../gallery/contract.ts';
import type { PhotoResult } from '../gallery/photo.ts';
import type { ReferencePhotos } from '../gallery/reference-photos.ts';
import type { EmbeddedFace } from '../vision/contract.ts';
import type { Failure, People } from './contract.ts';

export interface UsablePhoto extends Template {
  readonly file: string;
}

/** The photos of a folder as a station would see them. */
export interface CollectedPhotos {
  readonly photos: readonly UsablePhoto[];
  readonly failures: readonly Failure[];
  readonly people: People;
}

/**
 * Looks at every photo once, one after the other. A photo is acquired when it shows a face that passes the station's gates:
 * what the station rejects as low quality takes part in no comparison, and is a failure to acquire.
 */
export async function collectPhotos(
  people: readonly ReferencePhotos[],
  analyse: (file: string) => Promise<PhotoResult>,
  {
    face: choice,
    gateOf,
  }: { readonly face: FaceChoice; readonly gateOf: (face: EmbeddedFace) => Gate | null },
): Promise<CollectedPhotos> {
  const photos: UsablePhoto[] = [];
  const failures: Failure[] = [];
  for (const { subject, photos: files } of people) {
    let n = 0;
    for (const file of files) {
      const outcome = usableFace(await analyse(file), choice, gateOf);
      if ('code' in outcome) failures.push({ file, subject, ...outcome });
      else photos.push({ subject, n: n++, file, embedding: outcome.embedding });
    }
  }
  const counts = new Map<SubjectId, number>();
  for (const { subject } of photos) counts.set(subject, (counts.get(subject) ?? 0) + 1);
  return {
    photos,
    failures,
    people: {
      photos: photos.length + failures.length,
      fta: failures.length,
      subjects: people.length,
      fte: people.length - counts.size,
      subjects_with_several: [...counts.values()].filter((count) => count > 1).length,
    },
  };
}

function usableFace(
  result: PhotoResult,
  choice: FaceChoice,
  gateOf: (face: EmbeddedFace) => Gate | null,
): EmbeddedFace | Omit<Failure, 'file' | 'subject'> {
  if (!result.ok) return { code: result.failure, gate: null, message: result.message };
  const face = chosenFace(result, choice);
  if (face === undefined) return { code: 'no_face', gate: null, message: 'no face was found' };
  const gate = gateOf(face);
  return gate === null ? face : { code: 'low_quality', gate, message: `the face fails the gate ${gate}` };
}
