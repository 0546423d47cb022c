import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from '../broker/connection.ts';
import type { Incoming, Session } from '../broker/contract.ts';
import { bridgeFilters, bridgeTopics } from '../broker/topics.ts';
import type { Config } from '../config/schema.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { Service } from '../service/contract.ts';
import { createStationAcks } from './acks.ts';
import { checkDatabase } from './check.ts';
import type { Bridge, Reading } from './contract.ts';
import { createCounters } from './counters.ts';
import { createDeadLetters } from './dead-letters.ts';
import { createInflux, lineOf } from './influx.ts';
import { createIntake } from './intake.ts';
import { bridgeConnectionOptions, deadLetterDir, influxSettings, type BridgeParts } from './options.ts';
import { createPage } from './page.ts';
import { createBridgeProgress } from './progress.ts';
import { maxPayloadBytes, readMessage } from './read.ts';
import { createBridgeReporter } from './reporter.ts';
import { createDatabaseWatch } from './watch-database.ts';
import { createWriter } from './writer.ts';

/** Pauses between attempts to write that failed, ms. */
const writePauseMs = [500, 15_000] as const;
const recheckMs = 10_000;
const resubscribeMs = 5_000;
/** How long a stopping bridge waits for the database, ms. */
const drainMs = 5_000;
/** Letters that wait for the disk, of messages that the broker does not keep. */
const maxWaitingLetters = 1_000;

/**
 * The composition of the bridge: page and database first, then the broker's messages; the end is in reverse. Resolves when
 * it works, also without broker and database, which may come later.
 *
 * Rejects with a MusterError: `influx_url`, `secret_unreadable`, `bridge_port`, `bridge_broker`.
 *
 * @param inStation in the process of a station, whose broker it uses
 */
export async function startBridge(
  config: Config,
  parts: BridgeParts,
  { inStation }: { readonly inStation: boolean },
): Promise<Bridge> {
  const { clock, random } = parts;
  const { bridge } = config;
  const log = inStation ? parts.log.child({ part: 'bridge' }) : parts.log;
  const influx = await influxSettings(config);
  const connection = createConnection(bridgeConnectionOptions(config, { ...parts, log }, inStation));
  let fail!: (error: Error) => void;
  const failed = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  let taking = true;
  let waitingLetters = 0;
  let openTelemetry = 0;

  const counters = createCounters({
    clock,
    openMessages: () => intake.open(),
    openPoints: () => writer.open(),
    database: () => watch.status(),
    brokerConnected: () => connection.session() !== null,
  });
  const progress = createBridgeProgress(clock, () => writer.open());
  const intake = createIntake({
    maxBytes: bridge.window * maxPayloadBytes,
    // Its next session brings what was left with the broker.
    onRoom: () => void connection.session()?.end(),
    onAcknowledged: (count) => counters.count('acknowledged', count),
  });
  const acks = createStationAcks(() => connection.session());
  const deadLetters = createDeadLetters({
    dir: deadLetterDir(config),
    maxFiles: bridge.dead_letters.max_files,
    maxBytes: bridge.dead_letters.max_mb * 2 ** 20,
    clock,
    log,
  });
  const reporter = createBridgeReporter({
    topics: bridgeTopics({ site: config.site, name: bridge.name }),
    connection,
    health: () => counters.read(),
    healthMs: config.telemetry.health_s * 1000,
    clock,
    log,
  });
  const watch = createDatabaseWatch({
    check: () => checkDatabase(influx),
    recheckMs,
    onTrouble: (message) => reporter.setTrouble('database', message),
    log,
  });
  const page = createPage({
    ...bridge.http,
    metrics: () => counters.page(),
    health() {
      const shown = reporter.shown();
      const broker = connection.session() === null ? 'away' : 'ok';
      const ok = shown.state === 'ready' && broker === 'ok';
      return { ok, body: { ...shown, broker, database: watch.status(), totals: counters.totals() } };
    },
  });

  await page.start();
  await deadLetters.open();
  const batchSize = bridge.batch_size;
  const writer = createWriter({
    openDatabase: (events) => createInflux({ ...influx, batchSize, flushMs: bridge.flush_ms, clock }, events),
    batchSize,
    pauseMs: writePauseMs,
    random,
    onOutcome(outcome) {
      progress.moved();
      if (outcome.kind !== 'written') counters.count('write_failures');
      watch.heard(outcome);
    },
    onBatch: () => acks.flush(),
  });
  connection.onMessage(receive);
  connection.onSession((session) => {
    // At its end, not at the next one's start: the next one's first messages come before it is told of.
    void session.closed.then(() => intake.sessionEnded());
    void subscribe(session);
  });
  counters.start();
  reporter.start();
  await connection.start((sessionId) => reporter.will(sessionId));
  void watch.start().then(() => {
    if (taking) reporter.setState('ready');
  });
  log.info({ database: influx.url, bucket: influx.bucket, filters: filters() }, 'the bridge has started');

  return {
    failed,
    progress: () => progress.check(),
    async close() {
      taking = false;
      reporter.setState('stopping');
      watch.close();
      await writer.close(AbortSignal.timeout(drainMs));
      await deadLetters.settled();
      await reporter.finish();
      await connection.close();
      await page.close();
      counters.stop();
    },
  };

  function filters(): readonly string[] {
    return bridgeFilters(bridge.sites === 'all' ? null : config.site, bridge.group);
  }

  async function subscribe(session: Session): Promise<void> {
    if (bridge.group !== null && session.version === '3.1.1') {
      const message = `bridge.group '${bridge.group}' needs a broker with MQTT 5: this one speaks 3.1.1, where a shared subscription may get nothing at all`;
      reporter.setTrouble('subscription', message);
      fail(
        new MusterError('bridge_group', message, {
          remedy:
            'Use a broker with MQTT 5 such as Mosquitto (and mqtt.version auto or 5), or leave out bridge.group and run one bridge.',
        }),
      );
      return;
    }
    let told = false;
    while (connection.session() === session && taking) {
      try {
        await session.subscribe(filters());
        reporter.setTrouble('subscription', null);
        return;
      } catch (error) {
        reporter.setTrouble('subscription', messageOf(error));
        if (!told)
          log.error({ remedy: "Check the broker's ACL file." }, `not subscribed: ${messageOf(error)}`);
        told = true;
        await sleep(resubscribeMs);
      }
    }
  }

  function receive(message: Incoming): void {
    const { topic, payload, qos } = message;
    if (!taking) return;
    counters.count('messages');
    const kept = qos > 0;
    // Nobody keeps what comes with QoS 0: there is room for it as long as the database keeps up.
    if (!kept && (openTelemetry >= bridge.window || waitingLetters >= maxWaitingLetters)) {
      counters.count('telemetry_dropped');
      return;
    }
    const open = kept ? intake.take(message) : null;
    if (kept && open === null) {
      counters.count('left_with_broker');
      return;
    }
    const reading = readMessage(topic, payload);
    if (!kept) openTelemetry += 1;
    const settled = () => {
      if (!kept) openTelemetry -= 1;
      if (reading.event !== null) acks.add(reading.event);
      open?.done();
    };
    if (reading.outcome === 'bad') bury(topic, payload, reading.reason, settled);
    else write(topic, payload, reading, settled, () => open?.stale() ?? false);
  }

  function write(
    topic: string,
    payload: Buffer,
    { point, decidedAt }: Reading & { outcome: 'point' },
    settled: () => void,
    stale: () => boolean,
  ): void {
    progress.added();
    writer.add(lineOf(point), {
      written() {
        counters.written(point.measurement, decidedAt === null ? null : clock.now() - decidedAt);
        settled();
      },
      stale,
      refused: (reason) => bury(topic, payload, `the database refuses it: ${reason}`, settled),
    });
  }

  /** Acknowledged only when the letter is on disk. */
  function bury(topic: string, payload: Buffer, reason: string, settled: () => void): void {
    counters.count('dead_letters');
    waitingLetters += 1;
    void deadLetters.keep({ topic, payload, reason }).then(() => {
      waitingLetters -= 1;
      settled();
      acks.flush();
    });
  }
}

/** Runs a bridge until the signal aborts. Rejects like `startBridge`, or when it can't go on. */
export async function runBridge(
  config: Config,
  parts: BridgeParts & { readonly service: Service },
  signal: AbortSignal,
): Promise<void> {
  const { service } = parts;
  const bridge = await startBridge(config, parts, { inStation: false });
  service.ready('writes what stations publish');
  const endWatch = service.watch(bridge.progress, 0);
  const told = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    await Promise.race([told, bridge.failed]);
  } finally {
    parts.log.info('stopping');
    endWatch();
    service.stopping();
    await bridge.close();
  }
}
