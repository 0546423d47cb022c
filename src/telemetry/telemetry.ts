import { stationTopics } from '../broker/topics.ts';
import type { Connection } from '../broker/contract.ts';
import type { Config } from '../config/schema.ts';
import { isoTime, type Clock, type EpochMs } from '../lib/clock.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Store, StoreDamage } from '../store/contract.ts';
import type { CameraStatus } from '../capture/contract.ts';
import { createAlerts, type Alerts } from './alerts.ts';
import { cameraHealth } from './camera-health.ts';
import { readBoard } from './board.ts';
import { alertOfBroker } from './broker-alerts.ts';
import { deliver } from './delivery.ts';
import { correctedEvent } from './clock-correction.ts';
import { createClockWatch, type ClockTrust } from './clock-watch.ts';
import { createFeed, type Feed } from './feed.ts';
import { createHealth } from './health.ts';
import { createMachine, type Machine } from './machine.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { NumberedEvent, Outbox } from './contract.ts';
import { createOutbox } from './outbox.ts';
import type {
  CheckinEvent,
  HealthPayload,
  InfoPayload,
  StationState,
  VerificationPayload,
} from './payloads.ts';
import { acceptedAgain, createRecorder, type Recorder } from './recorder.ts';
import { createReporter } from './reporter.ts';
import { createSummaries } from './summaries.ts';
import { createTally } from './tally.ts';

/** Everything behind the decision: it is recorded, counted and published. */
export interface Telemetry {
  readonly outbox: Outbox;
  /** The recorder of this moment: take it anew for each capture. */
  readonly recorder: Recorder;
  readonly metrics: Metrics;
  readonly alerts: Alerts;
  readonly feed: Feed;
  clockTrust(): CheckinEvent['clock'];
  /** Counts the events of one capture. */
  captured(capturedAt: EpochMs, events: readonly NumberedEvent[]): void;
  /** Counts a file that was set aside. */
  failed(): void;
  /** Forgets old decisions, as `Recorder.prune`. */
  forget(before: EpochMs, most: number): Promise<number>;
  /** Closes the day: writes its summary, which is sent when there is a broker, and begins to count anew. */
  summarise(): Promise<string>;
  /** Counts from the next capture on. */
  setCooldown(seconds: number): void;
  setState(state: StationState): void;
  setInfo(info: InfoPayload): void;
  /** Published where there is a broker, and not kept for later. */
  tellVerification(verification: VerificationPayload): void;
  /** From now on health tells of this camera. */
  setCamera(status: () => CameraStatus): void;
  /** Opens the store and looks at the clock: from now on decisions can be recorded. */
  start(): Promise<void>;
  /** Connects to the broker. Who listens to the connection has to be registered by now. */
  connect(): Promise<void>;
  /** Gives the broker a moment to take what is left, says goodbye and closes the store. */
  close(): Promise<void>;
}

export interface TelemetryOptions {
  readonly config: Config;
  readonly store: Store;
  readonly connection: Connection;
  /** The board; without it, the one that this runs on. */
  readonly machine?: Machine;
  /** When the jobs of the upkeep ran last, for `health`. */
  readonly upkeep?: () => NonNullable<HealthPayload['upkeep']>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Between two writings of the counts that belong to no decision, ms. */
const tallyEveryMs = 60_000;
/** How long a stopping station waits for the broker to take what is left, ms. */
const drainMs = 5_000;
/** How many events may wait for a consumer's acknowledgement. */
const ackWindow = 1_000;
/** Of those that the broker has not taken yet, how many are told anew after a start. */
const rememberedEvents = 500;
/** The pause after the broker refused an event, ms. */
const refusedPauseMs = 5_000;

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const { config, store, connection, clock, log } = options;
  const topics = stationTopics(config);
  const now = () => clock.now();
  let lastCaptureAt: EpochMs | null = null;
  let tallying: NodeJS.Timeout | undefined;
  let camera: (() => CameraStatus) | undefined;
  let counting: NodeJS.Timeout | undefined;
  const deliveries = new Set<Promise<void>>();

  const alerts = createAlerts({ clock, log });
  const feed = createFeed({ state: 'starting', since: isoTime(now()) });
  const metrics = createMetrics({ clock, windowMs: config.telemetry.metrics_window_s * 1000 });
  const outbox = createOutbox(
    store,
    {
      maxEvents: config.outbox.max_events,
      maxBytes: config.outbox.max_mb * 2 ** 20,
      whenFull: config.outbox.when_full,
    },
    { onUnreadable: tellUnreadable },
  );
  const machine = options.machine ?? createMachine({ dataDir: config.data_dir });
  const clockWatch = createClockWatch({ clock, machine, onTrusted });
  let correcting: Promise<void> = Promise.resolve();
  const tally = createTally({ store, clock });
  const summaries = createSummaries({ store, connection, topic: topics.summary, log });
  const recorderWith = (cooldownS: number) =>
    createRecorder({
      store,
      outbox,
      cooldownMs: cooldownS * 1000,
      now,
      uptimeMs: () => machine.uptimeMs(),
      tally,
    });
  let recorder = recorderWith(config.decision.cooldown_s);
  const health = createHealth({
    clock,
    machine,
    onClock: (trust) => clockWatch.learn(trust),
    outbox: () => outbox.stats(),
    lastCaptureAt: () => lastCaptureAt,
    camera: () => camera && cameraHealth(camera()),
    alerts: () => alerts.active().map(({ id }) => id),
    upkeep: options.upkeep,
  });
  const reporter = createReporter({
    topics,
    connection,
    alerts,
    health: () => health.read(),
    metrics: () => metrics.snapshot(),
    tell: (news) => feed.tell(news),
    healthMs: config.telemetry.health_s * 1000,
    metricsMs: config.telemetry.metrics_s * 1000,
    clock,
    log,
  });

  return {
    outbox,
    get recorder() {
      return recorder;
    },
    metrics,
    alerts,
    feed,
    clockTrust: () => clockWatch.trust(),
    captured(capturedAt, events) {
      lastCaptureAt = capturedAt;
      metrics.captured(events);
      for (const payload of events) feed.tell({ kind: 'checkin', payload });
    },
    failed() {
      metrics.failed();
      tally.failed();
    },
    forget: (before, most) => recorder.prune(before, most),
    async summarise() {
      const closed = tally.close(clockWatch.trust());
      const { summary } = closed;
      await summaries.add(summary, [closed.write]);
      closed.keep();
      const { captures, decisions, uptime_s } = summary;
      return `${captures} captures, ${decisions.accepted} accepted, up ${uptime_s} s`;
    },
    setCooldown(seconds) {
      recorder = recorderWith(seconds);
    },
    setState: (state) => reporter.setState(state),
    setInfo: (info) => reporter.setInfo(info),
    tellVerification: (verification) => reporter.tellVerification(verification),
    setCamera(status) {
      camera = status;
    },

    async start() {
      // Beside the disk's work, as it asks another program.
      const looking = machine.read();
      looking.catch(() => {});
      const damage = await store.open();
      store.onReopened(tellDamage);
      tellDamage(damage);
      const { bootId } = await readBoard();
      await outbox.open({ damaged: damage !== null, bootId });
      await tally.open();
      clockWatch.learn((await looking).clock);
      tallying = setInterval(() => void tally.save(), tallyEveryMs);
      alerts.onChange((id, alert) => alert !== null && tally.alert(id));
      counting = setInterval(tellDropped, config.telemetry.metrics_s * 1000);
      for (const { event } of await outbox.read(
        Math.max(0, outbox.lastSeq() - rememberedEvents),
        rememberedEvents,
      ))
        feed.tell({ kind: 'checkin', payload: event });
      health.start();
      clockWatch.start();
      reporter.start();
      alertOfBroker(connection, { alerts, root: topics.root });
      connection.onTrouble((trouble) => tally.offline(trouble !== null));
      connection.onSession((session) => {
        void summaries.send();
        const delivery = deliver(session, {
          outbox,
          topic: topics.checkin,
          inFlight: config.mqtt.in_flight,
          refusedPauseMs,
          confirmedBy:
            config.outbox.delivery === 'broker'
              ? 'broker'
              : { timeoutMs: config.outbox.ack_timeout_s * 1000, window: ackWindow },
          after: clockWatch.settled(config.outbox.clock_wait_s * 1000).then(() => correcting),
          clock,
          log,
        });
        deliveries.add(delivery);
        void delivery.then(() => deliveries.delete(delivery));
      });
    },

    async connect() {
      feed.tell({ kind: 'health', payload: await health.read() });
      await connection.start((sessionId) => reporter.will(sessionId));
    },

    async close() {
      clearInterval(tallying);
      clearInterval(counting);
      if (connection.session() !== null) await outbox.drained(AbortSignal.timeout(drainMs));
      await reporter.finish('stopped');
      await connection.close();
      await Promise.all(deliveries);
      health.stop();
      clockWatch.stop();
      await correcting;
      await tally.save();
      await store.close();
    },
  };

  /** What waits gets the times that a clock which had been set would have shown. */
  function onTrusted(trust: ClockTrust, startedAt: EpochMs | null): void {
    if (startedAt === null || !outbox.hasUnset()) return;
    const set = { trust, startedAt, stream: outbox.stream() };
    correcting = correcting
      .then(() =>
        outbox.revise((event) => {
          const corrected = correctedEvent(event, set);
          return corrected && { event: corrected, also: acceptedAgain(corrected) };
        }),
      )
      .then((events) => {
        if (events > 0) log.info({ events }, 'the clock was set: the times of waiting events were corrected');
      })
      .catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'the times of waiting events can not be corrected yet');
      });
  }

  function tellDamage(damage: StoreDamage | null): void {
    if (damage === null) return;
    const done = damage.outcome === 'repaired' ? 'repaired' : `set aside as ${damage.path}`;
    alerts.raise('store-damaged', 'error', `the store was damaged and was ${done}: ${damage.reason}`);
  }

  function tellUnreadable(count: number): void {
    const message = `${count} events of the outbox could not be read and were set aside in the store`;
    alerts.raise('outbox-unreadable', 'error', message);
  }

  /** At intervals and not with each event: an alert is a retained message. */
  function tellDropped(): void {
    const { dropped } = outbox.stats();
    if (dropped === 0) return;
    const message = `the outbox was full: ${dropped} events were given up unsent since the start`;
    alerts.raise('outbox-dropped', 'error', message);
  }
}
