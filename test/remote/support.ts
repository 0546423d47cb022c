import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { expect } from 'vitest';
import type { ResPayload } from '../../src/remote/commands/payloads.ts';
import type { ConfigReportedPayload } from '../../src/remote/config/payloads.ts';
import { payloadSchemas } from '../../src/payloads.ts';
import { startBroker, subscribe, type Message } from '../support/broker.ts';
import { startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

export const root = 'muster/1/default/station-1';

/** A station at a broker, and a desk that asks it. */
export async function siteWithDesk(settings: Record<string, string> = {}, brokerUrl?: string) {
  const dir = await temporaryFolder();
  const url = brokerUrl ?? (await startBroker()).url();
  const env = { MUSTER_MQTT__URL: url, MUSTER_MQTT__RECONNECT_MIN_MS: '50', ...settings };
  await mkdir(join(dir, 'data', 'inbox'), { recursive: true });
  // Some of these desks ask for what is against the contract.
  const { client, messages } = await subscribe(url, 'muster/#', { validate: 'station' });
  return { dir, env, url, client, messages, start: () => startStation(dir, env), ...desk(client, messages) };
}

function desk(client: MqttClient, messages: readonly Message[]) {
  const on = (topic: string) => messages.filter((each) => each.topic === `${root}/${topic}`);
  const answers = (name: string) =>
    on(`res/${name}`).map(({ payload }) => payloadSchemas.res.strict().parse(JSON.parse(payload)));

  /** Gives a command and waits for its last word. */
  async function ask(name: string, args: object = {}, changes: object = {}): Promise<ResPayload> {
    const id = randomUUID();
    const request = { id, ts: new Date().toISOString(), ttl_s: 30, args, ...changes };
    await client.publishAsync(`${root}/cmd/${name}`, JSON.stringify(request), { qos: 1 });
    return await lastWord(name, request.id);
  }

  async function lastWord(name: string, id: string | null): Promise<ResPayload> {
    const find = () => answers(name).findLast((each) => each.id === id && each.ok !== undefined);
    await eventually(`an answer of ${name}`, () => find() !== undefined);
    return find() as ResPayload;
  }

  const reports = () =>
    on('config/reported').map(({ payload }) =>
      payloadSchemas['config-reported'].strict().parse(JSON.parse(payload)),
    );

  /** Publishes desired settings of the station, or of its site, and waits for a report that fits. */
  async function desire(
    scope: 'site' | 'station',
    payload: object | string,
    wanted: Partial<ConfigReportedPayload>,
  ): Promise<ConfigReportedPayload> {
    const topic = scope === 'site' ? 'muster/1/default/config/desired' : `${root}/config/desired`;
    const before = reports().length;
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    await client.publishAsync(topic, text, { qos: 1, retain: true });
    return await reported(wanted, before);
  }

  async function reported(wanted: Partial<ConfigReportedPayload>, after = 0): Promise<ConfigReportedPayload> {
    const fits = (report: ConfigReportedPayload) =>
      Object.entries(wanted).every(
        ([key, value]) => JSON.stringify(Reflect.get(report, key)) === JSON.stringify(value),
      );
    const find = () => reports().slice(after).find(fits);
    await eventually(`a report with ${JSON.stringify(wanted)}`, () => find() !== undefined);
    return find() as ConfigReportedPayload;
  }

  const state = () => (JSON.parse(on('state').at(-1)?.payload ?? '{}') as { state?: string }).state;
  return { on, answers, ask, lastWord, desire, reported, reports, state };
}

/** No message of these topics was kept by the broker. */
export function expectNotRetained(messages: readonly Message[]): void {
  expect(messages.every(({ retain }) => !retain)).toBe(true);
}
