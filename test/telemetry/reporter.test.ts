import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/broker/contract.ts';
import { stationTopics } from '../../src/broker/topics.ts';
import { createAlerts } from '../../src/telemetry/alerts.ts';
import { createHealth } from '../../src/telemetry/health.ts';
import { createMachine } from '../../src/telemetry/machine.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { alertSchema, healthSchema, stateSchema } from '../../src/telemetry/payloads.ts';
import { createReporter } from '../../src/telemetry/reporter.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { connectionTo, startBroker, subscribe } from '../support/broker.ts';
import { eventually, manualClock, recordingLog, silentLog, temporaryFolder } from '../support/tools.ts';

const topics = stationTopics({ site: 'hq', station: 'door-1' });

async function report() {
  const broker = await startBroker();
  const connection = connectionTo(broker.url());
  const alerts = createAlerts({ clock: systemClock, log: silentLog });
  const dataDir = await temporaryFolder();
  const health = createHealth({
    clock: systemClock,
    machine: createMachine({ dataDir }),
    outbox: () => ({ depth: 3, bytes: 3000, oldest: Date.now() - 5000, dropped: 0 }),
    lastCaptureAt: () => null,
    alerts: () => alerts.active().map(({ id }) => id),
  });
  const reporter = createReporter({
    topics,
    connection,
    alerts,
    health: () => health.read(),
    metrics: () => createMetrics({ clock: systemClock, windowMs: 1000 }).snapshot(),
    tell: () => undefined,
    healthMs: 60_000,
    metricsMs: 60_000,
    clock: systemClock,
    log: silentLog,
  });
  const sessions: Session[] = [];
  reporter.start();
  connection.onSession((session) => sessions.push(session));
  await connection.start((session) => reporter.will(session));
  await eventually('connected', () => sessions.length === 1);
  // Whoever subscribes later is told what is retained.
  const late = async () => {
    const { messages } = await subscribe(broker.url(), 'muster/#');
    await eventually('the retained state', () => messages.some((each) => each.topic === topics.state));
    return messages;
  };
  return { reporter, alerts, late, sessions };
}

const parse = (payload: string | undefined): unknown => JSON.parse(payload ?? 'null');

describe('reporter', () => {
  it('keeps state and alerts at the broker, and is degraded while an alert lasts', async () => {
    const { reporter, alerts, late, sessions } = await report();
    reporter.setState('ready');
    alerts.raise('outbox-full', 'error', 'full');
    alerts.raise('inbox-unusable', 'warning', 'gone');
    alerts.clear('inbox-unusable');
    await eventually('a degraded state', async () => {
      const state = (await late()).find((each) => each.topic === topics.state);
      return stateSchema.parse(parse(state?.payload)).state === 'degraded';
    });
    const messages = await late();
    expect(messages.map((each) => each.topic).toSorted()).toEqual(
      [topics.alert('outbox-full'), topics.state].toSorted(),
    );
    expect(messages.every((each) => each.retain)).toBe(true);
    const alert = messages.find((each) => each.topic === topics.alert('outbox-full'));
    expect(alertSchema.parse(parse(alert?.payload))).toMatchObject({ severity: 'error', message: 'full' });
    const state = messages.find((each) => each.topic === topics.state);
    expect(stateSchema.parse(parse(state?.payload)).session).toBe(sessions[0]?.id);

    alerts.clear('outbox-full');
    await reporter.finish('stopped');
    const after = await late();
    expect(after.map((each) => each.topic)).toEqual([topics.state]);
    expect(stateSchema.parse(parse(after[0]?.payload)).state).toBe('stopped');
  });

  it('has a will of its session', async () => {
    const { reporter } = await report();
    const will = reporter.will('session-7');
    expect(will.topic).toBe(topics.state);
    expect(stateSchema.parse(parse(will.payload))).toMatchObject({ state: 'lost', session: 'session-7' });
  });
});

describe('health', () => {
  it('tells what the machine tells, and null for the rest', async () => {
    const clock = manualClock();
    const learned: string[] = [];
    const health = createHealth({
      clock,
      onClock: (trust) => learned.push(trust),
      machine: createMachine({ dataDir: '/nowhere' }),
      outbox: () => ({ depth: 2, bytes: 9, oldest: clock.now() - 5_000, dropped: 0 }),
      lastCaptureAt: () => clock.now() - 1_500,
      alerts: () => ['inbox-unusable'],
    });
    health.start();
    clock.advance(10_000);
    const payload = healthSchema.strict().parse(await health.read());
    expect(payload).toMatchObject({
      uptime_s: 10,
      disk: null,
      last_capture_age_s: 11.5 - 10,
      alerts: ['inbox-unusable'],
      outbox: { depth: 2, bytes: 9, oldest_age_s: 5 },
    });
    expect(payload.memory.rss_mb).toBeGreaterThan(10);
    expect(learned).toEqual([payload.clock]);
    health.stop();
  });
});

describe('alerts', () => {
  it('log each change once', () => {
    const { log, lines } = recordingLog();
    const alerts = createAlerts({ clock: manualClock(), log });
    alerts.raise('store-failing', 'error', 'disk full');
    alerts.raise('store-failing', 'error', 'disk full');
    expect(alerts.active()).toHaveLength(1);
    alerts.clear('store-failing');
    alerts.clear('store-failing');
    expect(alerts.active()).toEqual([]);
    expect(lines().map((line) => line.msg)).toEqual(['disk full', 'alert cleared']);
  });
});
