import { createPrivateKey } from 'node:crypto';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { onTestFinished } from 'vitest';
import type { ConnectionOptions } from '../../../src/broker/connection.ts';
import { galleryTopics, stationTopics } from '../../../src/broker/topics.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Gallery, Template } from '../../../src/gallery/contract.ts';
import { generateKeys, parsePublicKeys } from '../../../src/gallery/sync/keys.ts';
import { publishGallery, type PublishGalleryOptions } from '../../../src/gallery/sync/publish.ts';
import { publisherSessions } from '../../../src/gallery/sync/publisher-session.ts';
import { reportedSchema } from '../../../src/gallery/sync/payloads.ts';
import { createGallerySync } from '../../../src/gallery/sync/sync.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { startRemote } from '../../../src/remote/remote.ts';
import { createAlerts, type AlertId } from '../../../src/telemetry/alerts.ts';
import { connectionTo, startBroker } from '../../support/broker.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../../support/mosquitto.ts';
import { eventually, silentLog, temporaryFolder } from '../../support/tools.ts';
import { dimension, fingerprint, galleryStore } from '../support.ts';

export const keys = generateKeys();
export const otherKeys = generateKeys();
export const address = { site: 'default', name: 'main' };
export const topics = galleryTopics(address.site, address.name);
const ownTopics = stationTopics({ site: 'default', station: 'station-1' });

/** A gallery's whole retained set does not fit into the queue of a Mosquitto with its default of 1000 messages. */
export const bigQueue = ['allow_anonymous true', 'max_queued_messages 0'];

export const brokers = [
  { name: 'the embedded broker', missing: false, start: async () => (await startBroker()).url() },
  {
    name: hasMosquitto ? 'Mosquitto' : `Mosquitto (${withoutMosquitto})`,
    missing: !hasMosquitto,
    start: async () => (await startMosquitto(bigQueue)).url,
  },
] as const;

type PublishChanges = Partial<PublishGalleryOptions> & { readonly signedBy?: typeof keys };

/** Publishes as the command does. */
export async function publish(url: string, templates: readonly Template[], changes: PublishChanges = {}) {
  const config = await loadConfig({ env: { MUSTER_MQTT__URL: url } });
  const { signedBy = keys, ...rest } = changes;
  return publishGallery({
    open: publisherSessions(config),
    address,
    topics,
    templates,
    fingerprint,
    dimension,
    privateKey: createPrivateKey(signedBy.privatePem),
    encryptionKey: null,
    rev: null,
    signal: new AbortController().signal,
    quietMs: 300,
    ...rest,
  });
}

/** A client that sends and reads what it likes. */
export async function vandal(url: string) {
  const client = await connectAsync(url, { protocolVersion: 4 });
  onTestFinished(() => void client.end(true));
  return {
    client,
    put: (topic: string, payload: string | Buffer) =>
      client.publishAsync(topic, payload, { qos: 1, retain: true }),
    async get(topic: string): Promise<string> {
      const message = new Promise<string>((resolve) => {
        client.on('message', (from, payload) => {
          if (from === topic) resolve(payload.toString());
        });
      });
      await client.subscribeAsync(topic, { qos: 1 });
      const text = await message;
      await client.unsubscribeAsync(topic);
      return text;
    },
  };
}

export interface SyncingOptions {
  readonly dir?: string;
  /** Of the topics, and of the disk. */
  readonly encryptionKey?: Buffer | null;
  /** Of the models in use. */
  readonly models?: string;
  readonly dimension?: number;
  /** As in the config. */
  readonly publicKeys?: string;
  readonly connection?: Partial<ConnectionOptions>;
}

/** What a station has of the sync: a connection, a store, alerts. Its galleries are those that its matcher would use. */
export async function syncing(url: string, options: SyncingOptions = {}) {
  const dir = options.dir ?? join(await temporaryFolder(), 'gallery');
  const connection = connectionTo(url, { clientId: 'muster-default-station-1', ...options.connection });
  const alerts = createAlerts({ clock: systemClock, log: silentLog });
  const store = galleryStore(dir, {
    dimension: options.dimension ?? dimension,
    fingerprint: options.models ?? fingerprint,
    encryptionKey: options.encryptionKey ?? null,
    otherModels: 'leave',
    pollMs: 50,
  });
  const sync = createGallerySync({
    address,
    topics,
    reportTopic: ownTopics.galleryReported,
    publicKeys: parsePublicKeys(options.publicKeys ?? keys.publicBase64),
    encryptionKey: options.encryptionKey ?? null,
    connection,
    alerts,
    clock: systemClock,
    log: silentLog,
    quietMs: 300,
  });
  let arrived = 0;
  connection.onMessage(({ topic }) => {
    if (topics.keyOf(topic) !== null) arrived += 1;
  });
  startRemote({ connection, features: [sync.feature], alerts });
  await connection.start((id) => ({ topic: ownTopics.state, payload: id }));
  let gallery: Gallery = await store.load();
  const galleries: Gallery[] = [gallery];
  const stop = new AbortController();
  store.watch((next) => {
    gallery = next;
    galleries.push(next);
    sync.look();
  }, stop.signal);
  sync.start(store, options.models ?? fingerprint);
  const close = async () => {
    stop.abort();
    await sync.close();
    await connection.close();
  };
  onTestFinished(close);
  const alert = (wanted: AlertId = 'gallery-refused') =>
    alerts.active().find(({ id }) => id === wanted)?.message ?? null;
  const reader = await vandal(url);
  return {
    dir,
    store,
    sync,
    connection,
    galleries,
    gallery: () => gallery,
    alert,
    close,
    /** Messages with templates that came to the station so far. */
    arrived: () => arrived,
    reported: async () =>
      reportedSchema.strict().parse(JSON.parse(await reader.get(ownTopics.galleryReported))),
    reaches: (rev: number, timeoutMs = 15_000) =>
      eventually(
        `rev ${rev} in use (alert: ${alert() ?? 'none'})`,
        () => gallery.revision === rev,
        timeoutMs,
      ),
    warns: (pattern: RegExp) =>
      eventually(`an alert like ${pattern.source}`, () => pattern.test(alert() ?? ''), 15_000),
    calms: () => eventually('no alert', () => alert() === null),
  };
}
