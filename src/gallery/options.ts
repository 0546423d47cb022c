import { join } from 'node:path';
import type { Config } from '../config/schema.ts';

/** The folder of the gallery that the config names. */
export function galleryDir({ data_dir, gallery }: Pick<Config, 'data_dir' | 'gallery'>): string {
  return join(data_dir, 'gallery', gallery.name);
}
