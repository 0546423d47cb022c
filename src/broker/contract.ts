import type { EpochMs } from '../lib/clock.ts';

/** A message that the broker delivered. */
export interface Incoming {
  readonly topic: string;
  readonly payload: Buffer;
  /** Kept by the broker from before the subscription. */
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
  /** Where an answer is wanted, and what it must carry, in MQTT 5. */
  readonly responseTopic: string | null;
  readonly correlationData: Buffer | null;
  /**
   * Tells the broker that it may forget the message, where the connection leaves that to its listeners; call it once, in the order
   * of arrival [MQTT-4.6.0-2]. Does nothing else: with QoS 0, after the session's end, or where receipt is acknowledged at once.
   */
  acknowledge(): void;
}

export interface PublishOptions {
  /** 0: at most once. 1: resolves when the broker has acknowledged. */
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Sent back to whoever asked, in MQTT 5; left out in 3.1.1. */
  readonly correlationData?: Buffer;
}

/** One connection to the broker, from its CONNACK to its end. It is never revived: a new connection is a new session. */
export interface Session {
  /** Unique for each connection; the will carries it. */
  readonly id: string;
  readonly since: EpochMs;
  /** The version that the broker took: `5` or `3.1.1`. */
  readonly version: '5' | '3.1.1';
  /** Rejects when the session ends first, or with MusterError `publish_refused` when the broker refuses the message (MQTT 5). */
  publish(topic: string, payload: string, options: PublishOptions): Promise<void>;
  /** Rejects when the broker refuses one of the filters. Messages go to the connection's listeners. */
  subscribe(filters: readonly string[]): Promise<void>;
  /** Resolves with the reason when the session has ended. */
  readonly closed: Promise<string>;
  /** Says goodbye to the broker, so that it doesn't publish the will, and ends the session. */
  end(): Promise<void>;
}

export interface Will {
  readonly topic: string;
  readonly payload: string;
}

export type TroubleCode =
  | 'broker_unreachable'
  /** User, password or rights. */
  | 'broker_refused'
  | 'broker_tls'
  /** The broker speaks another version of MQTT. */
  | 'broker_protocol'
  /** A file with a password or a certificate can't be read. */
  | 'broker_credentials'
  /** The broker ended the session for another client of the same id (MQTT 5). */
  | 'client_id_taken'
  /** Sessions begin, and end again soon after. */
  | 'broker_unsteady';

/** What keeps the connection from being. Another attempt follows in any case. */
export interface Trouble {
  readonly code: TroubleCode;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** Keeps the station connected: one session after the other, with a pause that grows while the broker is away. */
export interface Connection {
  /** Takes the port of the station's own broker, where it has one. Rejects with MusterError `broker_port` where that can't be had. */
  listen(): Promise<void>;
  /**
   * Starts to connect, and resolves without waiting for the broker. Rejects only where the station's own broker can't start.
   *
   * @param will what the broker publishes when a session is lost
   */
  start(will: (sessionId: string) => Will): Promise<void>;
  /** The session of this moment, if there is one. */
  session(): Session | null;
  /** Calls back with each new session. Register before `start`. */
  onSession(listener: (session: Session) => void): void;
  /** Calls back with each message of every session, in order. Register before `start`. */
  onMessage(listener: (message: Incoming) => void): void;
  /**
   * Calls back with each trouble when it begins, and with null when it is over: once for each, however many attempts fail. Whoever
   * listens tells a person of it; without a listener the connection logs it. Register before `start`.
   */
  onTrouble(listener: (trouble: Trouble | null) => void): void;
  /**
   * Calls back when the broker begins to refuse messages on a topic (MQTT 5; in 3.1.1 it can't say so), and with null when it takes
   * one again. Register before `start`.
   */
  onRefusal(listener: (topic: string, reason: string | null) => void): void;
  /** Ends the session and stops connecting. */
  close(): Promise<void>;
}
