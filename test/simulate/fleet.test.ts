import { expect, it } from 'vitest';
import { checkinSchema, type CheckinEvent } from '../../src/telemetry/payloads.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { muster } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const checkin = /^muster\/1\/default\/sim-\d+\/checkin$/;

async function fleet(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const broker = await startBroker();
  const { messages } = await subscribe(broker.url(), 'muster/1/#');
  const dir = await temporaryFolder();
  const run = (more: readonly string[] = []) =>
    muster(dir, ['simulate', '--json', ...args, ...more], { MUSTER_MQTT__URL: broker.url(), ...env });
  const events = () =>
    messages
      .filter(({ topic }) => checkin.test(topic))
      .map(({ topic, payload }) => ({ topic, event: JSON.parse(payload) as CheckinEvent }));
  return { messages, run, events };
}

it('makes the captures that it was asked for, through the pipeline from matching to the broker', async () => {
  const { messages, run, events } = await fleet(['--stations', '3', '--rate', '20', '--duration', '4']);
  const { status, stdout, stderr } = await run();
  expect(stderr).not.toMatch(/"level":(50|60)/);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ stations: 3, captures: 240, undelivered: 0 });
  await eventually('every event', () => events().length === 240);
  for (const { event } of events()) checkinSchema.parse(event);
  const reasons = new Set(events().map(({ event }) => event.reason));
  expect(reasons).toEqual(
    new Set(
      [null, 'no_face', 'low_quality', 'unknown', 'cooldown'].filter((each) => reasons.has(each as null)),
    ),
  );
  expect(reasons.size).toBeGreaterThan(3);
  const states = messages.filter(({ topic }) => topic.endsWith('/sim-2/state'));
  expect(states.map(({ payload }) => (JSON.parse(payload) as { state: string }).state)).toContain('ready');
});

it('makes the same decisions again with the same seed, time and speed', async () => {
  const args = [
    '--rate',
    '0.01',
    '--duration',
    '36000',
    '--speed',
    '12000',
    '--from',
    '2026-11-23T06:00:00Z',
  ];
  const decisions = async () => {
    const { run, events } = await fleet(['--stations', '1', ...args, '--dropouts', '0']);
    expect((await run()).status).toBe(0);
    await eventually('every event', () => events().length === 360);
    return events().map(({ event }) => [event.event_id, event.decision, event.reason, event.similarity]);
  };
  expect(await decisions()).toEqual(await decisions());
});

it('keeps what it decided while the network was down, and delivers it marked as replayed', async () => {
  const { run, events } = await fleet(
    ['--stations', '1', '--rate', '0.02', '--duration', '36000', '--speed', '6000', '--dropouts', '40'],
    { MUSTER_MQTT__RECONNECT_MIN_MS: '50', MUSTER_MQTT__RECONNECT_MAX_MS: '100' },
  );
  expect((await run()).status).toBe(0);
  await eventually('every event', () => new Set(events().map(({ event }) => event.event_id)).size === 720);
  expect(events().some(({ event }) => event.replayed)).toBe(true);
});

it('names what is wrong with an option', async () => {
  const { run } = await fleet([]);
  const { status, stderr } = await run(['--stations', 'many']);
  expect(status).toBe(2);
  expect(stderr).toContain('It must be a whole number from 1 to 1000');
});
