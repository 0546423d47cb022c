import type { KeyObject } from 'node:crypto';
import type { Connection } from '../../broker/contract.ts';
import type { GalleryTopics } from '../../broker/topics.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf, MusterError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Alerts } from '../../telemetry/alerts.ts';
import type { Gallery, GalleryStore } from '../contract.ts';
import { createArrivals } from './arrivals.ts';
import { createAsking } from './asking.ts';
import { createAssembly } from './assembly.ts';
import type { GallerySync } from './contract.ts';
import { judge, type Verdict } from './judge.ts';
import type { GalleryAddress } from './manifest.ts';
import { createGalleryReporter } from './report.ts';
import { takeUp } from './take-up.ts';
import { tell } from './tell.ts';

export interface GallerySyncOptions {
  readonly address: GalleryAddress;
  readonly topics: GalleryTopics;
  /** Of `gallery/reported`. */
  readonly reportTopic: string;
  /** A manifest that one of them signed is trusted. */
  readonly publicKeys: readonly KeyObject[];
  /** Null where none is configured: encrypted templates are refused then. */
  readonly encryptionKey: Buffer | null;
  readonly connection: Connection;
  readonly alerts: Alerts;
  readonly clock: Clock;
  readonly log: Log;
  /** A set that is incomplete and has not grown for so long is asked for again, ms. */
  readonly quietMs?: number;
}

/** After the disk failed, ms. */
const diskPauseMs = 30_000;

/**
 * The templates' topics are subscribed to only when the present set and what has changed since do not make the set of the
 * manifest. A session that the broker keeps then brings each change once; a station that is in sync asks for
 * nothing. Registers with the connection: make it before the connection starts.
 *
 *     arrivals ──► assembly ──► judge ──► take up ──► tell
 *         ▲                       │
 *         └────────── asking ◄────┘  what is missing
 */
export function createGallerySync(options: GallerySyncOptions): GallerySync {
  const { address, topics, connection, alerts, clock, log, publicKeys, quietMs = 3_000 } = options;
  const assembly = createAssembly();
  const arrivals = createArrivals(clock, onBurst);
  const reporter = createGalleryReporter({
    gallery: address.name,
    topic: options.reportTopic,
    connection,
    log,
  });
  const asking = createAsking({
    filter: topics.templates,
    connection,
    arrivals,
    assembly,
    log,
    quietMs,
    busy: () => checking !== null,
    look,
  });
  let started: { readonly store: GalleryStore; readonly fingerprint: string } | null = null;
  let closed = false;
  /** The newest that came; it is judged anew whenever something changes. */
  let manifestPayload: Buffer | null = null;
  let again = false;
  let checking: Promise<void> | null = null;
  let checkAgain = false;

  connection.onMessage((message) => {
    if (topics.keyOf(message.topic) !== null) arrivals.take(message);
  });

  return {
    feature: {
      filters: [topics.manifest],
      onMessage(message) {
        manifestPayload = message.payload;
        look();
      },
      onSession() {
        reporter.repeat();
        look();
      },
    },
    start(store, fingerprint) {
      started = { store, fingerprint };
      const form = { fingerprint, encryptionKey: options.encryptionKey };
      arrivals.start(({ topic, payload }) => {
        const key = topics.keyOf(topic);
        if (key !== null) assembly.take(key, topic, payload, form);
      });
      look();
    },
    look,
    async rollBack() {
      if (started === null) throw new MusterError('gallery_no_previous', 'the gallery is not loaded yet');
      const gallery = await started.store.rollBack();
      again = false;
      look();
      return gallery;
    },
    async reload() {
      again = true;
      await checked();
    },
    async close() {
      closed = true;
      asking.close();
      arrivals.close();
      await checking;
    },
  };

  function look(): void {
    void checked();
  }

  function onBurst(): void {
    const target = asking.wanted();
    if (assembly.bad() !== null || target === null || !assembly.whole || assembly.count() >= target.templates)
      look();
  }

  /** Checks now, or once more after the check under way. Never rejects. */
  function checked(): Promise<void> {
    checkAgain = true;
    checking ??= checkWhileAsked().finally(() => {
      checking = null;
    });
    return checking;
  }

  async function checkWhileAsked(): Promise<void> {
    while (checkAgain && !closed && started !== null) {
      checkAgain = false;
      try {
        await check(started.store, started.fingerprint);
        asking.resume();
      } catch (error) {
        const message = `the published gallery can't be taken: ${messageOf(error)}`;
        alerts.raise('gallery-refused', 'error', message);
        asking.pause(diskPauseMs);
      }
    }
  }

  async function check(store: GalleryStore, fingerprint: string): Promise<void> {
    const present = await store.load();
    const verdict = judge(manifestPayload, present, { address, publicKeys, fingerprint, again });
    if (verdict.kind !== 'wanted') {
      again = false;
      asking.want(null);
      report(present, verdict);
      return;
    }
    const { manifest } = verdict;
    asking.want(manifest);
    const taken = await takeUp(assembly, store, present, manifest);
    if (taken === null) {
      asking.askForAll();
      report(present, verdict);
      return;
    }
    log.info({ rev: manifest.rev, templates: manifest.templates }, 'the published gallery was taken');
    again = false;
    asking.want(null);
    report(taken, { kind: 'in_sync' });
  }

  function report(present: Gallery, verdict: Verdict): void {
    const shortcomings = { bad: assembly.bad(), incomplete: asking.incomplete() };
    tell({ alerts, reporter }, present, verdict, shortcomings);
  }
}
