import type { Config } from '../config/schema.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { GalleryStore } from './contract.ts';
import { galleryDir } from './options.ts';
import type { Models } from './revisions.ts';
import { createGalleryStore, type GalleryStoreOptions } from './store.ts';
import { readEncryptionKey } from './sync/keys.ts';

/** The gallery that the config names, with its key. Throws MusterError `gallery_key` when the key can't be read. */
export async function openGalleryStore(
  config: Pick<Config, 'data_dir' | 'gallery'>,
  models: Models | Promise<Models>,
  parts: { readonly clock: Clock; readonly log: Log } & Pick<GalleryStoreOptions, 'otherModels'>,
): Promise<GalleryStore> {
  const { encryption_key_file } = config.gallery;
  const encryptionKey = encryption_key_file === null ? null : await readEncryptionKey(encryption_key_file);
  return createGalleryStore({ ...parts, dir: galleryDir(config), models, encryptionKey });
}
