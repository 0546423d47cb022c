import type { GalleryStore } from '../gallery/contract.ts';
import { systemClock } from '../lib/clock.ts';
import type { CommandContext } from './context.ts';

/** The gallery's store: of a pack's templates, or as it is where nothing is compared. */
export async function openGallery(
  context: CommandContext,
  pack: { readonly fingerprint: string; readonly dimension: number } | null = null,
): Promise<{ readonly name: string; readonly store: GalleryStore }> {
  const [config, log, { openGalleryStore }] = await Promise.all([
    context.config(),
    context.log(),
    import('../gallery/open.ts'),
  ]);
  const models = pack ?? { fingerprint: null, dimension: 0 };
  const store = await openGalleryStore(config, models, { log, clock: systemClock });
  return { name: config.gallery.name, store };
}
