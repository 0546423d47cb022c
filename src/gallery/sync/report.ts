import type { Connection } from '../../broker/contract.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Gallery } from '../contract.ts';
import type { GalleryReported } from './payloads.ts';

export interface GalleryReporter {
  /** Tells what is in use, where it differs from what was told last. */
  tell(present: Gallery, status: GalleryReported['status'], error: string | null): void;
  /** Tells it again, to a new session. */
  repeat(): void;
}

/** Publishes `gallery/reported`, retained. */
export function createGalleryReporter(options: {
  readonly gallery: string;
  readonly topic: string;
  readonly connection: Connection;
  readonly log: Log;
}): GalleryReporter {
  const { gallery, topic, connection, log } = options;
  let told = '';

  return {
    tell(present, status, error) {
      const manifest = present.publication?.manifest ?? null;
      const report: GalleryReported = {
        schema: 'gallery-reported/1',
        gallery,
        rev: manifest?.digest === present.digest ? manifest.rev : 0,
        status,
        templates: present.templates,
        digest: present.digest,
        ...(error === null ? {} : { error }),
      };
      const text = JSON.stringify(report);
      if (text === told) return;
      told = text;
      void publish();
    },
    repeat: () => void publish(),
  };

  async function publish(): Promise<void> {
    if (told === '') return;
    try {
      await connection.session()?.publish(topic, told, { qos: 1, retain: true });
    } catch (error) {
      log.debug({ topic }, `not published: ${messageOf(error)}`);
    }
  }
}
