import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Session } from '../../broker/contract.ts';
import type { GalleryTopics } from '../../broker/topics.ts';
import { messageOf, MusterError } from '../../lib/errors.ts';
import type { Template } from '../contract.ts';
import { toLittleEndian } from '../float32.ts';
import { digestOf, tableOf, templatesOf } from '../template-table.ts';
import { readManifest, signManifest, type GalleryAddress } from './manifest.ts';
import { readRetained, type OpenSession, type Retained } from './retained.ts';
import { readTemplate, writeTemplate } from './template.ts';

export interface PublishGalleryOptions {
  readonly open: OpenSession;
  readonly address: GalleryAddress;
  readonly topics: GalleryTopics;
  readonly templates: Iterable<Template>;
  readonly fingerprint: string;
  /** Length of an embedding. */
  readonly dimension: number;
  readonly privateKey: KeyObject;
  /** Null sends the templates in the clear. */
  readonly encryptionKey: Buffer | null;
  /** The rev to give; null for the one after the retained manifest's. */
  readonly rev: number | null;
  readonly signal: AbortSignal;
  /** Told of the messages to send, and of each that the broker has. */
  readonly onProgress?: (sent: number, total: number) => void;
  /** How long the broker may pause in sending what is retained, ms. */
  readonly quietMs?: number;
}

export interface PublishedGallery {
  readonly rev: number;
  readonly templates: number;
  readonly digest: string;
  readonly fingerprint: string;
  /** Templates that were sent, deleted, and left as they were. */
  readonly sent: number;
  readonly deleted: number;
  readonly unchanged: number;
}

/** Messages under way at once. Mosquitto takes 20 unless it is told otherwise. */
const inFlight = 16;

/**
 * Makes the broker hold this gallery: sends the templates that it lacks or that differ, deletes those that are no
 * longer there, and sends the signed manifest last, so that a station sees a set change at once. Interrupted, it may
 * be called again and sends the rest.
 *
 * Throws MusterError `gallery_rev` (the retained manifest is of another key, or `rev` is not above it),
 * `publish_interrupted`, or those of `open`.
 */
export async function publishGallery(options: PublishGalleryOptions): Promise<PublishedGallery> {
  const { topics, fingerprint, encryptionKey, signal } = options;
  const table = tableOf(options.templates, options.dimension);
  const digest = await digestOf(table);
  const wanted = new Map(
    Array.from(templatesOf(table), (template) => [`${template.subject}/${template.n}`, template]),
  );
  const form = { fingerprint, encryptionKey };

  const retained = await readRetained(
    options.open,
    topics,
    (key, topic, payload) => {
      const template = wanted.get(key);
      if (template === undefined) return false;
      const read = readTemplate(topic, payload, form);
      return (
        read.ok &&
        read.encrypted === (encryptionKey !== null) &&
        Buffer.from(toLittleEndian(template.embedding)).equals(toLittleEndian(read.embedding))
      );
    },
    { quietMs: options.quietMs ?? 1_500, signal },
  ).catch((error: unknown) => {
    throw interrupted(error, signal);
  });

  const facts = { templates: wanted.size, digest, fingerprint };
  const missing = [...wanted].filter(([key]) => retained.templates.get(key) !== true);
  const surplus = [...retained.templates.keys()].filter((key) => !wanted.has(key));
  const { rev, isNew } = nextRev(options, retained, facts);
  const messages = [
    ...missing.map(([, { subject, n, embedding }]) => {
      const topic = topics.template(subject, n);
      return { topic, payload: () => writeTemplate(topic, embedding, form) };
    }),
    ...surplus.map((key) => ({ topic: topics.template(...split(key)), payload: () => '' })),
  ];
  if (isNew || messages.length > 0) {
    const session = await options.open(() => undefined);
    try {
      await sendAll(session, messages, options);
      signal.throwIfAborted();
      if (isNew) {
        const manifest = signManifest(options.address, { rev, ...facts }, options.privateKey);
        await session.publish(topics.manifest, JSON.stringify(manifest), { qos: 1, retain: true });
      }
    } catch (error) {
      throw interrupted(error, signal);
    } finally {
      await session.end();
    }
  }
  return {
    rev,
    ...facts,
    sent: missing.length,
    deleted: surplus.length,
    unchanged: wanted.size - missing.length,
  };
}

/** The rev of the manifest to send, or that of the retained one where that says the same already. */
function nextRev(
  { address, privateKey, rev }: PublishGalleryOptions,
  retained: Retained,
  facts: { readonly templates: number; readonly digest: string; readonly fingerprint: string },
): { readonly rev: number; readonly isNew: boolean } {
  if (retained.manifest === null) return { rev: rev ?? 1, isNew: true };
  const read = readManifest(retained.manifest, address, [createPublicKey(privateKey)]);
  if (!read.ok) {
    if (rev !== null) return { rev, isNew: true };
    throw new MusterError(
      'gallery_rev',
      `the broker holds a manifest that this key does not vouch for: ${read.reason}`,
      {
        remedy:
          'Find out who published it. To publish over it give --rev, higher than what the stations report on gallery/reported.',
      },
    );
  }
  const { manifest } = read;
  if (rev !== null) {
    if (rev > manifest.rev) return { rev, isNew: true };
    throw new MusterError('gallery_rev', `rev ${rev} is not above the published ${manifest.rev}`, {
      remedy: 'Leave --rev out, or give a higher one: stations refuse any other.',
    });
  }
  const same =
    manifest.digest === facts.digest &&
    manifest.fingerprint === facts.fingerprint &&
    manifest.templates === facts.templates;
  return same ? { rev: manifest.rev, isNew: false } : { rev: manifest.rev + 1, isNew: true };
}

async function sendAll(
  session: Session,
  messages: readonly { readonly topic: string; readonly payload: () => string }[],
  { signal, onProgress }: PublishGalleryOptions,
): Promise<void> {
  let sent = 0;
  const rest = messages.values();
  const work = async () => {
    for (const { topic, payload } of rest) {
      signal.throwIfAborted();
      await session.publish(topic, payload(), { qos: 1, retain: true });
      sent += 1;
      onProgress?.(sent, messages.length);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
}

function split(key: string): [subject: string, n: number] {
  const [subject = '', n = ''] = key.split('/');
  return [subject, Number(n)];
}

function interrupted(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof MusterError) return error;
  return new MusterError('publish_interrupted', `the gallery was not published: ${messageOf(error)}`, {
    remedy:
      'Run it again: what the broker has already is not sent again. Stations keep their gallery until then.',
    cause: error,
  });
}
