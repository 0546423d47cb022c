import { z } from 'zod';
import { command } from './contract.ts';

/**
 * Takes up the newest revision of the gallery on disk, which the station does by itself when it sees one, or goes back to the
 * revision before.
 */
export const reloadGallery = command({
  name: 'reload-gallery',
  args: z.strictObject({ to: z.enum(['newest', 'previous']).default('newest') }),
  data: z.object({ rev: z.int(), subjects: z.int(), templates: z.int(), digest: z.string() }),
  runs: 'alone',
  run: ({ to }, { station }) => station.reloadGallery(to),
});
