import type { Gallery } from '../../gallery/contract.ts';
import { digestOf, tableOf } from '../../gallery/template-table.ts';

export interface ReconcileOptions {
  /** The one in use. */
  readonly inUse: () => Gallery;
  /** Takes up the newest revision on disk, after comparing it with the published set where there is a sync. */
  readonly reload: () => Promise<Gallery>;
}

/**
 * Holds the three together that must be one: what is published, what is on disk, and what is compared with. Rejects when the memory
 * is not what its digest says, and stays so after it was read anew.
 */
export async function reconcile({ inUse, reload }: ReconcileOptions): Promise<string> {
  const before = inUse();
  const sound = await isSound(before);
  const now = await reload();
  if (now.digest !== before.digest)
    return `the gallery on disk was another one (${before.digest.slice(0, 12)}): revision ${now.revision} is used now`;
  if (!(await isSound(now))) throw new Error('the templates in memory are not those of their digest');
  if (!sound) return 'the templates in memory were damaged, and were read anew';
  return `disk and memory hold the same ${now.templates} templates`;
}

async function isSound(gallery: Gallery): Promise<boolean> {
  return (await digestOf(tableOf(gallery.list(), gallery.dimension))) === gallery.digest;
}
