import type { Gallery, GalleryStore } from '../contract.ts';
import { digestOf, tableOf } from '../template-table.ts';
import type { Assembly } from './assembly.ts';
import type { GalleryManifest } from './payloads.ts';

/** Writes the assembled set as the next revision if it is the manifest's; null where it is not. */
export async function takeUp(
  assembly: Assembly,
  store: GalleryStore,
  present: Gallery,
  manifest: GalleryManifest,
): Promise<Gallery | null> {
  const mark = assembly.mark();
  const put = assembly.over(present.list());
  if (put.length !== manifest.templates) return null;
  const dimension = put[0]?.embedding.length ?? present.dimension;
  if (put.some(({ embedding }) => embedding.length !== dimension)) return null;
  if ((await digestOf(tableOf(put, dimension))) !== manifest.digest) return null;
  const publication = { manifest, highest: manifest.rev, rolled_back: false };
  const taken = await store.apply({ remove: 'all', put, publication });
  mark.forget();
  return taken;
}
