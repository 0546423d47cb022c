import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt';
import { generate } from 'mqtt-packet';
import type { EpochMs } from '../lib/clock.ts';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import type { Incoming, Session, Will } from './contract.ts';

export interface SessionOptions {
  readonly url: string;
  readonly version: '5' | '3.1.1';
  readonly clientId: string;
  readonly username: string | null;
  readonly password: string | null;
  /** PEM texts, null where not configured. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly keepaliveS: number;
  readonly connectTimeoutMs: number;
  readonly sessionId: string;
  readonly will: Will;
  /** How long the broker keeps the subscriptions and what they missed after a session, s; 0 for not at all. */
  readonly sessionExpiryS: number;
  /**
   * How messages of QoS 1 are acknowledged: `null` for at once, on receipt; else by their listeners, of which the broker is asked to
   * leave at most `window` open (in MQTT 5; in 3.1.1 its own limit holds).
   */
  readonly acknowledgeByHand: { readonly window: number } | null;
  readonly onMessage: (message: Incoming) => void;
  /** What became of each message of QoS 1 that was answered: the reason of a refusal (MQTT 5), or null. */
  readonly onAnswer?: (topic: string, refusal: string | null) => void;
  /** The reason code with which the broker ended the session, before the session ends (MQTT 5). */
  readonly onGoodbye?: (reasonCode: number) => void;
  /** Gives the attempt up. A session that is open is not touched. */
  readonly signal?: AbortSignal;
  readonly now: () => EpochMs;
}

/** CONNACK: unacceptable protocol version, in MQTT 3.1.1 [MQTT-3.1.2-2] and in MQTT 5 (0x84). */
const unsupportedProtocol = new Set([1, 0x84]);
/** CONNACK: bad user name or password, not authorised, banned; in MQTT 3.1.1 and in MQTT 5. */
const refusedIdentity = new Set([4, 5, 0x86, 0x87, 0x8a, 0x8c]);

/** How long the goodbye may wait for what is still under way, ms. */
const goodbyeMs = 3_000;

/**
 * Opens one session, and is the one door to mqtt.js. Its own reconnecting is switched off: a client that was cut off is thrown
 * away, since one that is stuck in `disconnecting` would stay so for ever.
 *
 * Rejects with a MusterError: `broker_protocol` (another MQTT version is needed), `broker_refused` (user, password or
 * rights), `broker_tls`, `broker_unreachable`.
 */
export function openSession(options: SessionOptions): Promise<Session> {
  return new Promise((resolve, reject) => {
    let client: MqttClient;
    try {
      client = mqtt.connect(options.url, clientOptions(options));
    } catch (error) {
      // Such as a certificate that is no PEM.
      reject(connectError(options, error as Error));
      return;
    }
    const pending = new Set<(error: Error) => void>();
    let lastError: Error | undefined;
    let connected = false;
    let ended = false;
    let close!: (reason: string) => void;
    const closed = new Promise<string>((done) => {
      close = done;
    });
    // mqtt.js has a limit too, which waits for its stream to close.
    const patience = setTimeout(() => {
      lastError = new Error(`no answer within ${options.connectTimeoutMs / 1000} s`);
      finish(lastError.message);
    }, options.connectTimeoutMs);
    const giveUp = () => finish('given up');
    options.signal?.addEventListener('abort', giveUp, { once: true });

    client.on('connect', () => {
      if (ended) return;
      connected = true;
      settled();
      resolve({
        id: options.sessionId,
        since: options.now(),
        version: options.version,
        closed,
        publish(topic, payload, { qos, retain, correlationData }) {
          const properties =
            correlationData && options.version === '5' ? { properties: { correlationData } } : {};
          return new Promise((published, failed) => {
            pending.add(failed);
            client.publish(topic, payload, { qos, retain, ...properties }, (error) => {
              pending.delete(failed);
              const refusal = error ? refusalOf(error) : null;
              if (qos === 1 && (!error || refusal !== null)) options.onAnswer?.(topic, refusal);
              if (!error) published();
              else failed(refusal === null ? error : refusedError(options.url, topic, refusal));
            });
          });
        },
        async subscribe(filters) {
          const granted = await client.subscribeAsync([...filters], { qos: 1 });
          const refused = granted.filter(({ qos }) => qos >= 128).map(({ topic }) => topic);
          if (refused.length > 0) throw new Error(`the broker refused to subscribe to ${refused.join(', ')}`);
        },
        async end() {
          const goodbye = setTimeout(
            () => finish('ended by the station; the broker did not answer'),
            goodbyeMs,
          );
          client.end(false, {}, () => finish('ended by the station'));
          await closed;
          clearTimeout(goodbye);
        },
      });
    });
    // From the first moment: the broker sends what a kept session has missed along with its CONNACK.
    client.on('message', (topic, payload, packet) => {
      const { qos, retain, properties } = packet;
      options.onMessage({
        topic,
        payload,
        retain,
        qos,
        responseTopic: properties?.responseTopic ?? null,
        correlationData: properties?.correlationData ?? null,
        acknowledge: () => acknowledge(client, options, packet),
      });
    });
    // mqtt.js answers a message when this calls back, and goes on without an answer when that is with an error.
    if (options.acknowledgeByHand !== null) {
      client.handleMessage = ({ qos }, done) => done(qos === 1 ? new Error('acknowledged later') : undefined);
    }
    client.on('error', (error: Error) => {
      lastError = error;
      if (!connected) finish(error.message);
    });
    client.on('disconnect', ({ reasonCode = 0 }) => {
      const word = mqtt.ReasonCodes[reasonCode as keyof typeof mqtt.ReasonCodes] || 'no reason given';
      lastError = new Error(`the broker said goodbye: ${word} (reason code ${reasonCode})`);
      options.onGoodbye?.(reasonCode);
      finish(lastError.message);
    });
    client.on('close', () => finish(lastError?.message ?? 'the connection was cut'));

    function settled(): void {
      clearTimeout(patience);
      options.signal?.removeEventListener('abort', giveUp);
    }

    function finish(reason: string): void {
      ended = true;
      settled();
      client.end(true);
      // `end` does nothing while an earlier one waits for the broker, and the socket would stay open for ever.
      client.stream?.destroy();
      if (!connected) reject(connectError(options, lastError ?? new Error(reason)));
      for (const failed of pending) failed(new Error(`connection lost: ${reason}`));
      pending.clear();
      close(reason);
    }
  });
}

/** The reason of a broker that answered and refused; null where there was no answer. */
function refusalOf(error: Error): string | null {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' && code >= 0x80
    ? mqtt.ReasonCodes[code as keyof typeof mqtt.ReasonCodes] || `reason code ${code}`
    : null;
}

function refusedError(url: string, topic: string, refusal: string): MusterError {
  return new MusterError(
    'publish_refused',
    `the broker ${withoutSecrets(url)} refused a message on ${topic}: ${refusal}`,
    { remedy: "Check the rights of the station's user in the broker's ACL." },
  );
}

/** mqtt.js has no call for it: the PUBACK is written to its stream. */
function acknowledge(
  client: MqttClient,
  { acknowledgeByHand, version }: SessionOptions,
  { qos, messageId }: IPublishPacket,
): void {
  if (acknowledgeByHand === null || qos !== 1 || messageId === undefined || !client.connected) return;
  client.stream.write(
    generate({ cmd: 'puback', messageId, reasonCode: 0 }, { protocolVersion: version === '5' ? 5 : 4 }),
  );
}

function clientOptions(options: SessionOptions): IClientOptions {
  return {
    protocolVersion: options.version === '5' ? 5 : 4,
    clientId: options.clientId,
    clean: options.sessionExpiryS === 0,
    keepalive: options.keepaliveS,
    // Ours comes first, with a clearer word.
    connectTimeout: options.connectTimeoutMs + 1_000,
    reconnectPeriod: 0,
    queueQoSZero: false,
    will: { topic: options.will.topic, payload: Buffer.from(options.will.payload), qos: 1, retain: true },
    ...(options.version === '5' ? { properties: connectProperties(options) } : {}),
    ...(options.username === null ? {} : { username: options.username }),
    ...(options.password === null ? {} : { password: options.password }),
    ...(options.ca === null ? {} : { ca: options.ca }),
    ...(options.cert === null ? {} : { cert: options.cert }),
    ...(options.key === null ? {} : { key: options.key }),
  };
}

function connectProperties({ sessionExpiryS, acknowledgeByHand }: SessionOptions) {
  const receiveMaximum = acknowledgeByHand === null ? {} : { receiveMaximum: acknowledgeByHand.window };
  return { sessionExpiryInterval: sessionExpiryS, ...receiveMaximum };
}

function connectError({ url, version, username }: SessionOptions, error: Error): MusterError {
  const broker = withoutSecrets(url);
  const code = (error as { code?: unknown }).code;
  if (typeof code === 'number' && unsupportedProtocol.has(code)) {
    return new MusterError('broker_protocol', `the broker ${broker} does not speak MQTT ${version}`, {
      cause: error,
    });
  }
  if (typeof code === 'number' && refusedIdentity.has(code)) {
    const who = username === null ? 'without a user name' : `as user '${username}'`;
    return new MusterError(
      'broker_refused',
      `the broker ${broker} refused the station ${who}: ${error.message}`,
      {
        remedy: "Check mqtt.username and mqtt.password_file, and the broker's password and ACL files.",
        cause: error,
      },
    );
  }
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|ERR_OSSL|EPROTO)/.test(codeOf(error) ?? '')) {
    return new MusterError('broker_tls', `no TLS connection to the broker ${broker}: ${messageOf(error)}`, {
      remedy:
        "Check that mqtt.ca_file is the authority of the broker's certificate, that mqtt.cert_file is one that the broker knows, and that the clock is right.",
      cause: error,
    });
  }
  // A refused connection to a name with several addresses has an empty message and the code of the attempts.
  const reason = messageOf(error) || codeOf(error) || 'no answer';
  return new MusterError('broker_unreachable', `the broker ${broker} can't be reached: ${reason}`, {
    remedy: 'Check mqtt.url, that the broker runs, and the network. The station goes on and tries again.',
    cause: error,
  });
}

/** The URL without a user and password that somebody may have put into it. */
function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname === '/' ? '' : pathname}`;
}
