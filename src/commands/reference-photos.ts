import { join } from 'node:path';
import type { PhotoResult } from '../gallery/photo.ts';
import type { ReferencePhotos } from '../gallery/reference-photos.ts';
import type { Vision } from '../vision/contract.ts';
import type { CommandContext } from './context.ts';

/**
 * Runs `work` with what analyses a photo of `folder`, showing how many of the subjects' photos are done. The analysis rejects when
 * the command is interrupted.
 */
export async function withReferencePhotos<T>(
  { signal }: Pick<CommandContext, 'signal'>,
  {
    folder,
    subjects,
    vision,
  }: {
    readonly folder: string;
    readonly subjects: readonly ReferencePhotos[];
    readonly vision: Vision;
  },
  work: (analyse: (file: string) => Promise<PhotoResult>) => Promise<T>,
): Promise<T> {
  const [{ analysePhoto }, { createProgress }] = await Promise.all([
    import('../gallery/photo.ts'),
    import('../lib/progress.ts'),
  ]);
  const progress = createProgress('photos', {
    total: subjects.reduce((sum, { photos }) => sum + photos.length, 0),
  });
  try {
    return await work(async (file) => {
      signal.throwIfAborted();
      const result = await analysePhoto(vision, join(folder, file));
      progress.advance(1, file);
      return result;
    });
  } finally {
    progress.done();
  }
}
