import { join } from 'node:path';
import { createConnection } from '../broker/connection.ts';
import { connectionOptions } from '../broker/open.ts';
import { stationTopics } from '../broker/topics.ts';
import { runCheckins } from '../checkins.ts';
import type { Config } from '../config/schema.ts';
import type { Gallery } from '../gallery/contract.ts';
import { createActivity } from '../lib/activity.ts';
import { isoTime, type Clock, type EpochMs } from '../lib/clock.ts';
import { MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { packageVersion } from '../lib/package.ts';
import { createAcks } from '../remote/acks.ts';
import { startRemote } from '../remote/remote.ts';
import { createStore } from '../store/store.ts';
import type { MetricsPayload } from '../telemetry/payloads.ts';
import { createTelemetry } from '../telemetry/telemetry.ts';
import { createVirtualMachine } from './machine.ts';
import { createVirtualSource } from './source.ts';
import { createVirtualVision, virtualVisionInfo } from './vision.ts';

/** A time in which a station has no network. */
export interface Dropout {
  readonly from: EpochMs;
  readonly to: EpochMs;
}

export interface VirtualStationOptions {
  /** Of this station: its name, its own data_dir, and the broker. */
  readonly config: Config;
  readonly times: readonly EpochMs[];
  readonly seed: number;
  readonly people: Gallery;
  readonly dropouts: readonly Dropout[];
  /** 0..1: which kind of board it is. */
  readonly character: number;
  readonly slowness: number;
  readonly timeScale: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

/** How often the network is looked at, ms of real time. */
const networkMs = 250;

/**
 * A station without a camera and without models: what it sees and when is invented, and from there on it is the station's own code,
 * down to the outbox and the broker. Runs until all its captures are decided and delivered, or the signal aborts.
 */
export async function runVirtualStation(options: VirtualStationOptions, signal: AbortSignal) {
  const { config, people, clock, log, timeScale } = options;
  const topics = stationTopics(config);
  const isDown = () => options.dropouts.some(({ from, to }) => from <= clock.now() && clock.now() < to);
  const { credentials, ...wire } = connectionOptions(config, options);
  const connection = createConnection({
    ...wire,
    async credentials() {
      if (isDown()) throw new MusterError('network_down', 'the virtual network is down');
      return await credentials();
    },
  });
  const network = setInterval(() => {
    if (isDown()) void connection.session()?.end();
  }, networkMs);
  const store = createStore(join(config.data_dir, 'state'));
  const machine = createVirtualMachine(options.character, clock);
  const telemetry = createTelemetry({ config, store, connection, clock, log, machine });
  startRemote({
    connection,
    features: [createAcks({ topic: topics.ack, outbox: telemetry.outbox, log })],
    alerts: telemetry.alerts,
  });
  const source = createVirtualSource({
    times: options.times,
    seed: options.seed,
    people: people.subjects,
    cursorFile: join(config.data_dir, 'cursor'),
    clock,
    timeScale,
  });
  const vision = createVirtualVision({ people, slowness: options.slowness, timeScale });
  try {
    await telemetry.start();
    await telemetry.connect();
    await source.open();
    telemetry.setInfo(virtualInfo(config, people, clock));
    telemetry.setState('ready');
    const threshold =
      config.decision.threshold === 'auto' ? virtualVisionInfo.threshold : config.decision.threshold;
    await runCheckins(
      {
        station: config,
        source,
        vision,
        gallery: () => people,
        policy: () => ({ ...config.decision, threshold }),
        telemetry,
        model: virtualVisionInfo.fingerprint,
        activity: createActivity(clock),
        clock,
        log,
      },
      signal,
    );
    await telemetry.outbox.drained(signal);
    return {
      station: config.station,
      totals: telemetry.metrics.snapshot().totals satisfies MetricsPayload['totals'],
      undelivered: telemetry.outbox.stats().depth,
    };
  } finally {
    clearInterval(network);
    await vision.close();
    await telemetry.close();
  }
}

function virtualInfo(config: Config, people: Gallery, clock: Clock) {
  return {
    schema: 'info/1' as const,
    versions: { muster: packageVersion, node: process.versions.node, contract: 1 as const },
    board: 'simulated',
    os: 'simulated',
    arch: 'arm64',
    cores: 4,
    threads: virtualVisionInfo.threads,
    cpus: virtualVisionInfo.cpus,
    pack: virtualVisionInfo.pack,
    model: virtualVisionInfo.fingerprint,
    gallery: {
      name: config.gallery.name,
      rev: people.revision,
      subjects: people.subjects,
      templates: people.templates,
      digest: people.digest,
    },
    boot_id: null,
    started_at: isoTime(clock.now()),
  };
}
