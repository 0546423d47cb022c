import type { KeyObject } from 'node:crypto';
import type { Connection, Incoming, Session } from '../../broker/contract.ts';
import type { GalleryTopics } from '../../broker/topics.ts';
import type { Clock } from '../../lib/clock.ts';
import { messageOf, MusterError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Alerts } from '../../telemetry/alerts.ts';
import type { Gallery, GalleryStore } from '../contract.ts';
import { digestOf, tableOf } from '../template-table.ts';
import { createAssembly } from './assembly.ts';
import type { GallerySync } from './contract.ts';
import { judge, type Verdict } from './judge.ts';
import type { GalleryAddress } from './manifest.ts';
import type { GalleryManifest } from './payloads.ts';
import { createGalleryReporter } from './report.ts';

export interface GallerySyncOptions {
  readonly address: GalleryAddress;
  readonly topics: GalleryTopics;
  /** Of `gallery/reported`. */
  readonly reportTopic: string;
  readonly publicKey: KeyObject;
  /** Null where none is configured: encrypted templates are refused then. */
  readonly encryptionKey: Buffer | null;
  readonly connection: Connection;
  readonly alerts: Alerts;
  readonly clock: Clock;
  readonly log: Log;
  /** A set that is incomplete and has not grown for so long is asked for again, ms. */
  readonly quietMs?: number;
}

/** Templates come in bursts: the set is looked at when none has come for so long, ms. */
const burstMs = 100;
/** Between two requests for a set that does not become whole, at the most, ms. */
const longestPauseMs = 5 * 60_000;
/** After the disk failed, ms. */
const diskPauseMs = 30_000;
/** What is kept of the messages until the models are loaded, bytes; where more come, the set is asked for anew. */
const mostEarly = 16 * 2 ** 20;
/** An incomplete set is told of from this request on: one that is lost on the way is no reason for an alert. */
const toldFromRequest = 2;

/**
 * The templates' topics are subscribed to only when the present set and what has changed since do not make the set of the
 * manifest. A session that the broker keeps then brings each change once; a station that is in sync asks for
 * nothing. Registers with the connection: make it before the connection starts.
 */
export function createGallerySync(options: GallerySyncOptions): GallerySync {
  const { address, topics, connection, alerts, clock, log, quietMs = 3_000 } = options;
  const assembly = createAssembly();
  const reporter = createGalleryReporter({
    gallery: address.name,
    topic: options.reportTopic,
    connection,
    log,
  });
  let started: { readonly store: GalleryStore; readonly fingerprint: string } | null = null;
  /** A broker that kept the session sends what was missed at once. */
  const early: Incoming[] = [];
  let earlyBytes = 0;
  let closed = false;
  /** The newest that came; it is judged anew whenever something changes. */
  let manifestPayload: Buffer | null = null;
  let target: GalleryManifest | null = null;
  /** What is wrong with the collected set, once it is worth telling. */
  let incomplete: string | null = null;
  /** The set could not be read or written: that is tried again, nothing is asked for. */
  let diskFailed = false;
  let again = false;
  /** The session in which the whole set was asked for last, and how often since it was wanted. */
  let askedIn: Session | null = null;
  let requests = 0;
  let lastArrival = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Timeout | undefined;
  let checking: Promise<void> | null = null;
  let checkAgain = false;

  connection.onMessage(onTemplate);

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
      for (const message of early.splice(0)) onTemplate(message);
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
      clearTimeout(timer);
      clearTimeout(soon);
      await checking;
    },
  };

  function onTemplate(message: Incoming): void {
    const { topic, payload } = message;
    const key = topics.keyOf(topic);
    if (key === null || closed) return;
    lastArrival = clock.monotonic();
    if (started === null) {
      earlyBytes += payload.length;
      if (earlyBytes <= mostEarly) early.push(message);
      return;
    }
    const { fingerprint } = started;
    assembly.take(key, topic, payload, { fingerprint, encryptionKey: options.encryptionKey });
    if (soon === undefined) soon = setTimeout(onBurst, burstMs);
  }

  function look(): void {
    void checked();
  }

  function onBurst(): void {
    const left = burstMs - (clock.monotonic() - lastArrival);
    soon = left > 0 ? setTimeout(onBurst, left) : undefined;
    if (soon !== undefined) return;
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
        diskFailed = false;
      } catch (error) {
        diskFailed = true;
        const message = `the published gallery can't be taken: ${messageOf(error)}`;
        alerts.raise('gallery-refused', 'error', message);
        arm(diskPauseMs);
      }
    }
  }

  async function check(store: GalleryStore, fingerprint: string): Promise<void> {
    const present = await store.load();
    const verdict = judge(manifestPayload, present, {
      address,
      publicKey: options.publicKey,
      fingerprint,
      again,
    });
    if (verdict.kind !== 'wanted') {
      again = false;
      want(null);
      tell(present, verdict);
      return;
    }
    want(verdict.manifest);
    const taken = await takeUp(store, present, verdict.manifest);
    if (taken !== null) {
      want(null);
      tell(taken, { kind: 'in_sync' });
      return;
    }
    if (!assembly.whole || askedIn !== connection.session()) askForAll();
    tell(present, verdict);
  }

  function want(manifest: GalleryManifest | null): void {
    if (manifest === null) {
      clearTimeout(timer);
      assembly.rest();
      askedIn = null;
    }
    if (manifest === null || manifest.rev !== target?.rev) {
      incomplete = null;
      requests = 0;
    }
    target = manifest;
  }

  /** Writes the assembled set as the next revision if it is the manifest's; null where it is not. */
  async function takeUp(
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
    again = false;
    log.info({ rev: manifest.rev, templates: manifest.templates }, 'the published gallery was taken');
    return taken;
  }

  function askForAll(): void {
    const session = connection.session();
    // The next session looks again.
    if (session === null) return;
    // A broker that kept the session may still be sending what was asked for before: asking for more would pile up.
    if (clock.monotonic() - lastArrival < quietMs) {
      arm(quietMs);
      return;
    }
    askedIn = session;
    assembly.restart();
    ask(session);
  }

  /** Subscribing once more makes the broker send what is retained once more [MQTT-3.8.4-3]. */
  function ask(session: Session): void {
    requests += 1;
    lastArrival = clock.monotonic();
    arm(quietMs);
    session.subscribe([topics.templates]).catch((error: unknown) => {
      if (connection.session() !== session) return;
      incomplete = `the templates can't be asked for: ${messageOf(error)}`;
      look();
    });
  }

  function arm(ms: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(onQuiet, ms);
  }

  function onQuiet(): void {
    // A set that is being verified and written has nothing to ask for.
    if (checking !== null) {
      arm(quietMs);
      return;
    }
    if (target === null || askedIn === null || diskFailed) {
      look();
      return;
    }
    const pause = Math.min(longestPauseMs, quietMs * 2 ** (requests - 1)) - (clock.monotonic() - lastArrival);
    if (pause > 0) {
      arm(pause);
      return;
    }
    const count = assembly.count();
    log.info(
      { rev: target.rev, templates: target.templates, count },
      'the gallery is incomplete; asking again',
    );
    if (requests >= toldFromRequest) incomplete = shortfall(target, count);
    const session = connection.session();
    // Within a session what has come is kept, since a broker with a short queue may send another part the next time.
    if (session === askedIn && session !== null) {
      if (count >= target.templates) assembly.restart();
      ask(session);
    }
    look();
  }

  function tell(present: Gallery, verdict: Verdict): void {
    const bad = assembly.bad();
    const problem =
      verdict.kind === 'refused' ? verdict.reason : (bad ?? (verdict.kind === 'wanted' ? incomplete : null));
    if (problem === null) alerts.clear('gallery-refused');
    else alerts.raise('gallery-refused', 'error', `a published gallery is refused: ${problem}`);
    switch (verdict.kind) {
      case 'in_sync':
        reporter.tell(present, 'in_sync', problem);
        break;
      case 'nothing':
        reporter.tell(present, 'syncing', problem ?? 'nothing is published yet');
        break;
      case 'rolled_back':
        reporter.tell(present, 'refused', verdict.reason);
        break;
      case 'refused':
        reporter.tell(present, 'refused', problem);
        break;
      case 'wanted':
        reporter.tell(present, problem === null ? 'syncing' : 'refused', problem);
        break;
    }
  }
}

function shortfall({ rev, templates }: GalleryManifest, count: number): string {
  const found = count === templates ? 'they are not the ones that were signed' : `${count} have arrived`;
  return `the set of rev ${rev} is truncated or changed: it has ${templates} templates, ${found}`;
}
