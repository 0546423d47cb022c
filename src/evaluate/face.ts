import type { EmbeddedFace } from '../vision/contract.ts';

export const faceChoices = ['middle', 'largest'] as const;
export type FaceChoice = (typeof faceChoices)[number];

/** The face of a photo that counts: the largest, or the one whose box has its centre nearest to that of the photo. */
export function chosenFace<F extends Pick<EmbeddedFace, 'box'>>(
  photo: {
    readonly width: number;
    readonly height: number;
    /** Largest first. */
    readonly faces: readonly F[];
  },
  choice: FaceChoice,
): F | undefined {
  if (choice === 'largest') return photo.faces[0];
  const offCentre = ({ box: [x1, y1, x2, y2] }: F) =>
    Math.hypot((x1 + x2 - photo.width) / 2, (y1 + y2 - photo.height) / 2);
  return photo.faces.toSorted((a, b) => offCentre(a) - offCentre(b))[0];
}
