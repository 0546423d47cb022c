import type { EmbeddedFace, VisionFailure, VisionResult } from '../vision/contract.ts';
import { HttpProblem } from './problem.ts';

/** An analysed photo with at least one face, the largest first. */
export type Seen = Extract<VisionResult, { ok: true }> & {
  readonly faces: readonly [EmbeddedFace, ...EmbeddedFace[]];
};

const remedies: Readonly<Record<VisionFailure, string | undefined>> = {
  not_an_image: 'Send a JPEG, PNG, WebP, AVIF, GIF or TIFF file, whole.',
  too_many_pixels: 'Send a smaller photo, or raise vision.max_mpx.',
  timeout: 'Send a smaller photo, or raise vision.timeout_s.',
  vision_failed: 'Try again; the log of the station has more.',
};

/** A photo that could be analysed. Throws the HttpProblem of what is wrong with it; `name` is that of its field. */
export function analysed(result: VisionResult, name: string): Extract<VisionResult, { ok: true }> {
  if (result.ok) return result;
  const { failure, message } = result;
  throw new HttpProblem(failure, `${name}: ${message}`, { remedy: remedies[failure] });
}

/** A photo with faces. Throws HttpProblem `no_face` too. */
export function withFaces(result: VisionResult, name: string): Seen {
  const seen = analysed(result, name);
  if (seen.faces.length > 0) return seen as Seen;
  throw new HttpProblem('no_face', `${name}: no face was found`, {
    remedy: 'The face must be upright, and not smaller than vision.min_face_px.',
  });
}

/** A photo of one person. Throws HttpProblem `several_faces` too, with the `remedy`. */
export function withOneFace(
  result: VisionResult,
  name: string,
  remedy = 'Send a photo of one person, or cut it.',
): Seen {
  const seen = withFaces(result, name);
  if (seen.faces.length === 1) return seen;
  throw new HttpProblem('several_faces', `${name}: it shows ${seen.faces.length} faces; whose is meant?`, {
    remedy,
  });
}
