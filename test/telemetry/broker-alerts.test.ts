import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConnectionOptions } from '../../src/broker/connection.ts';
import type { Session } from '../../src/broker/contract.ts';
import { readCredentials } from '../../src/broker/credentials.ts';
import { stationTopics } from '../../src/broker/topics.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createAlerts, type AlertId } from '../../src/telemetry/alerts.ts';
import { alertOfBroker } from '../../src/telemetry/broker-alerts.ts';
import { deliver } from '../../src/telemetry/delivery.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createOutbox } from '../../src/telemetry/outbox.ts';
import { createReporter } from '../../src/telemetry/reporter.ts';
import { createStore } from '../../src/store/store.ts';
import { connectionTo, startBroker, subscribe } from '../support/broker.ts';
import { createAuthority, hasOpenssl } from '../support/certificates.ts';
import { anEvent } from '../support/events.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../support/mosquitto.ts';
import { eventually, recordingLog, temporaryFolder } from '../support/tools.ts';
import { freePort } from '../../demo/free-port.ts';

const topics = stationTopics({ site: 'hq', station: 'door-1' });
const title = (text: string) => (hasMosquitto ? text : `${text} (${withoutMosquitto})`);
const noFiles = { password: null, ca: null, cert: null, key: null };

/** A connection, its alerts and what the station says, as telemetry puts them together. */
async function stationAt(url: string, changes: Partial<ConnectionOptions> = {}) {
  const { log, lines } = recordingLog();
  const connection = connectionTo(url, { log, reconnectMinMs: 10, reconnectMaxMs: 40, ...changes });
  const alerts = createAlerts({ clock: systemClock, log });
  const sessions: Session[] = [];
  connection.onSession((session) => sessions.push(session));
  const reporter = createReporter({
    topics,
    connection,
    alerts,
    health: () => Promise.reject(new Error('none')),
    metrics: () => createMetrics({ clock: systemClock, windowMs: 1000 }).snapshot(),
    tell: () => undefined,
    healthMs: 200,
    metricsMs: 60_000,
    clock: systemClock,
    log,
  });
  reporter.start();
  reporter.setState('ready');
  alertOfBroker(connection, { alerts, root: topics.root });
  await connection.start((id) => reporter.will(id));
  onTestFinished(() => reporter.finish('stopped'));
  const active = () => alerts.active().map(({ id }) => id);
  const said = () => lines().filter(({ level }) => level >= 40);
  return { connection, alerts, active, said, lines, sessions };
}

const mqttFiles = (files: object) =>
  readCredentials({
    ca_file: null,
    cert_file: null,
    key_file: null,
    password: null,
    password_file: null,
    ...files,
  } as Parameters<typeof readCredentials>[0]);

describe('what keeps the station from the broker', () => {
  it('is told once and raises an alert while the broker is away, and is over when it is there', async () => {
    const port = await freePort();
    const { active, said, alerts } = await stationAt(`mqtt://127.0.0.1:${port}`);
    await eventually('the alert', () => active().includes('broker-unreachable'));
    await sleep(300);
    expect(said()).toHaveLength(1);
    expect(alerts.active()[0]?.message).toMatch(/can't be reached.*Check mqtt\.url/);
    const broker = await startBroker(port);
    await eventually('no alert', () => active().length === 0);
    const { messages } = await subscribe(broker.url(), 'muster/#');
    await eventually('its state', () => messages.some(({ topic }) => topic === topics.state));
    expect(messages.filter(({ topic }) => topic.includes('/alert/'))).toEqual([]);
  });

  it('names the file that can not be read, and takes it up when it is there', async () => {
    const broker = await startBroker();
    const file = join(await temporaryFolder(), 'ca.crt');
    const { active, said } = await stationAt(broker.url(), {
      credentials: () => mqttFiles({ ca_file: file }),
    });
    await eventually('the alert', () => active().includes('broker-credentials'));
    await sleep(200);
    expect(said()).toHaveLength(1);
    expect(said()[0]?.msg).toContain(file);
    await writeFile(file, '');
    await eventually('no alert', () => active().length === 0);
  });

  it.skipIf(!hasMosquitto)(title('a wrong password'), async () => {
    const passwords = join(await temporaryFolder(), 'passwords');
    await writeFile(passwords, '');
    spawnSync('mosquitto_passwd', ['-b', passwords, 'door-1', 'the right one']);
    const broker = await startMosquitto(['allow_anonymous false', `password_file ${passwords}`]);
    let password = 'a wrong one';
    const { active, said } = await stationAt(broker.url, {
      username: 'door-1',
      credentials: () => Promise.resolve({ ...noFiles, password }),
    });
    await eventually('the alert', () => active().includes('broker-refused'));
    await sleep(300);
    expect(said()).toHaveLength(1);
    expect(JSON.stringify(said())).not.toContain(password);
    password = 'the right one';
    await eventually('no alert', () => active().length === 0);
  });

  it.skipIf(!hasMosquitto || !hasOpenssl).each(['mqtts', 'wss'] as const)(
    title('a wrong certificate authority, with %s'),
    async (scheme) => {
      const dir = await temporaryFolder();
      const right = createAuthority(dir, 'right');
      const wrong = createAuthority(dir, 'wrong');
      const { certFile, keyFile } = right.issue('server');
      const settings = ['allow_anonymous true', `certfile ${certFile}`, `keyfile ${keyFile}`];
      const broker = await startMosquitto(settings, scheme);
      let { ca } = wrong;
      const { active, said, sessions } = await stationAt(broker.url, {
        credentials: () => Promise.resolve({ ...noFiles, ca }),
      });
      await eventually('the alert', () => active().includes('broker-tls'));
      await sleep(200);
      expect(said()).toHaveLength(1);
      expect(said()[0]?.msg).toContain('mqtt.ca_file');
      ca = right.ca;
      await eventually('no alert', () => active().length === 0);
      expect(sessions).toHaveLength(1);
    },
  );

  it('a certificate that is none', async () => {
    const { active, said } = await stationAt('mqtts://127.0.0.1:1', {
      credentials: () => Promise.resolve({ ...noFiles, cert: 'rubbish', key: 'rubbish' }),
    });
    await eventually('the alert', () => active().includes('broker-tls'));
    await sleep(100);
    expect(said()).toHaveLength(1);
  });
});

describe('alerts of a life before', () => {
  it('are cleared at the broker with the first session', async () => {
    const broker = await startBroker();
    const { client, messages } = await subscribe(broker.url(), 'muster/+/+/+/alert/+');
    const old = {
      schema: 'alert/1',
      id: 'outbox-full',
      severity: 'error',
      message: 'full',
      since: new Date().toISOString(),
    };
    await client.publishAsync(topics.alert('outbox-full'), JSON.stringify(old), { qos: 1, retain: true });
    await eventually('the alert', () => messages.length === 1);
    await stationAt(broker.url());
    await eventually('its end', () =>
      messages.some(({ topic, payload }) => topic === topics.alert('outbox-full') && payload === ''),
    );
  });
});

describe.skipIf(!hasMosquitto)(title('a broker that refuses messages'), () => {
  const acl = (kinds: readonly string[]) =>
    ['topic read #', ...kinds.map((kind) => `topic write ${topics.root}/${kind}`), ''].join('\n');

  it('raises an alert with the kinds of the topics, and clears it when it takes them', async () => {
    const file = join(await temporaryFolder(), 'acl');
    await writeFile(file, acl(['alert/+']), { mode: 0o600 });
    const broker = await startMosquitto(['allow_anonymous true', `acl_file ${file}`]);
    const store = createStore(await temporaryFolder());
    await store.open();
    onTestFinished(() => store.close());
    const outbox = createOutbox(store, { maxEvents: 100, maxBytes: 1e9, whenFull: 'refuse' });
    await outbox.open();
    const { connection, active, alerts, said, sessions } = await stationAt(broker.url);
    const { log } = recordingLog();
    const start = (session: Session) =>
      deliver(session, {
        outbox,
        topic: topics.checkin,
        inFlight: 4,
        refusedPauseMs: 50,
        confirmedBy: 'broker',
        clock: systemClock,
        log,
      });
    await eventually('connected', () => sessions.length > 0);
    const delivery = start(sessions[0]!);
    await outbox.append([anEvent('e1')], []);
    await eventually('the alert', () =>
      alerts.active().some(({ message }) => message.includes('of the kind checkin, state: Not authorized')),
    );
    await sleep(300);
    expect(active()).toEqual(['publish-refused']);
    // One line for each kind that joined, not for each attempt.
    expect(said().length).toBeLessThanOrEqual(2);
    expect(outbox.stats().depth).toBe(1);
    await writeFile(file, acl(['alert/+', 'state', 'checkin']), { mode: 0o600 });
    broker.signal('SIGHUP');
    await eventually('an empty outbox', () => outbox.stats().depth === 0);
    await eventually('no alert', () => active().length === 0);
    expect(sessions).toHaveLength(1);
    await connection.close();
    await delivery;
    await rm(file);
  });
});

describe('two stations with one client id', () => {
  /** The limit of the pauses is 0.3 to 0.6 s; without them there would be hundreds of sessions. */
  const pauses = { reconnectMinMs: 10, reconnectMaxMs: 600 };

  /** Returns how many sessions one of them had in 2.5 s. */
  async function duel(url: string, alert: AlertId, options: Partial<ConnectionOptions> = pauses) {
    const stations = [await stationAt(url, options), await stationAt(url, options)] as const;
    await eventually('both know', () => stations.every(({ active }) => active().includes(alert)));
    expect(stations[0].alerts.active()[0]?.message).toContain("'muster-test'");
    const before = stations.map(({ sessions }) => sessions.length);
    const linesBefore = stations.map(({ said }) => said().length);
    await sleep(2_500);
    const more = stations.map(({ sessions }, i) => sessions.length - before[i]!);
    // It is told once, not at each round.
    expect(stations.map(({ said }) => said().length)).toEqual(linesBefore);
    await stations[1].connection.close();
    await eventually('the other has it alone', () => stations[0].active().length === 0);
    expect(stations[0].connection.session()).not.toBeNull();
    return Math.max(...more);
  }

  it('say so where the broker says why, and give way', async () => {
    expect(await duel(await brokerThatSaysWhy(), 'client-id-taken')).toBeLessThanOrEqual(12);
  });

  it.skipIf(!hasMosquitto).each(['5', '3.1.1'] as const)(
    title('are unsteady where it does not, as Mosquitto 2.0 with MQTT %s, and give way'),
    async (version) => {
      const broker = await startMosquitto();
      expect(await duel(broker.url, 'broker-unsteady', { ...pauses, version })).toBeLessThanOrEqual(12);
    },
  );
});

/** Knows one client only, and ends its session with a reason when another comes [MQTT-3.1.4-3]; Mosquitto 2.0 gives none. */
async function brokerThatSaysWhy(): Promise<string> {
  const version = { protocolVersion: 5 };
  let last: Socket | undefined;
  const server = createServer((socket) => {
    const parser = mqttPacket.parser(version);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => parser.parse(chunk));
    parser.on('packet', (packet) => {
      if (packet.cmd === 'connect') {
        last?.end(mqttPacket.generate({ cmd: 'disconnect', reasonCode: 0x8e }, version));
        last = socket;
        socket.write(
          mqttPacket.generate(
            { cmd: 'connack', reasonCode: 0, returnCode: 0, sessionPresent: false },
            version,
          ),
        );
      } else if (packet.cmd === 'publish' && packet.qos === 1) {
        const { messageId } = packet;
        socket.write(mqttPacket.generate({ cmd: 'puback', messageId, reasonCode: 0 } as Packet, version));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
