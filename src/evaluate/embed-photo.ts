import { join } from 'node:path';
import { analysePhoto } from '../gallery/photo.ts';
import type { Embedding, Vision } from '../vision/contract.ts';
import type { FailedPhoto } from './evaluate.ts';
import { chosenFace, type FaceChoice } from './face.ts';

/** Embeds the face that counts of a photo below `root`, as `comparePairs` wants it. Rejects with the signal's reason when it aborts. */
export function photoEmbedder(
  vision: Pick<Vision, 'analyse'>,
  options: {
    readonly root: string;
    readonly face: FaceChoice;
    readonly signal: AbortSignal;
    /** After each photo. */
    readonly advance: () => void;
  },
): (file: string) => Promise<Embedding | FailedPhoto> {
  const { root, face, signal, advance } = options;
  return async (file) => {
    signal.throwIfAborted();
    const result = await analysePhoto(vision, join(root, file));
    advance();
    if (!result.ok) return { file, code: result.failure, message: result.message };
    return chosenFace(result, face)?.embedding ?? { file, code: 'no_face', message: 'no face was found' };
  };
}
