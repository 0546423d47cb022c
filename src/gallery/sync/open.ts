import type { Connection } from '../../broker/contract.ts';
import { galleryTopics, stationTopics } from '../../broker/topics.ts';
import type { Config } from '../../config/schema.ts';
import { readSecret } from '../../config/secret.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Alerts } from '../../telemetry/alerts.ts';
import type { GallerySync } from './contract.ts';
import { parsePublicKeys, readEncryptionKey } from './keys.ts';
import { createGallerySync } from './sync.ts';

/**
 * The sync that the config asks for; null where it is off or no public key is set, since an unsigned gallery is never
 * taken. Throws MusterError `gallery_key` or `secret_unreadable`. Call it before the connection starts.
 */
export async function openGallerySync(
  config: Pick<Config, 'site' | 'station' | 'gallery'>,
  parts: {
    readonly connection: Connection;
    readonly alerts: Alerts;
    readonly clock: Clock;
    readonly log: Log;
  },
): Promise<GallerySync | null> {
  const { site, gallery } = config;
  const publicKey = gallery.sync === 'off' ? null : await readSecret(gallery, 'public_key');
  if (publicKey === null) return null;
  return createGallerySync({
    ...parts,
    address: { site, name: gallery.name },
    topics: galleryTopics(site, gallery.name),
    reportTopic: stationTopics(config).galleryReported,
    publicKeys: parsePublicKeys(publicKey),
    encryptionKey:
      gallery.encryption_key_file === null ? null : await readEncryptionKey(gallery.encryption_key_file),
  });
}
