import type { CameraSource } from '../capture/contract.ts';
import type { Config } from '../config/schema.ts';
import type { ConfigField } from './config-fields.ts';
import type { Gallery, GalleryStore } from '../gallery/contract.ts';
import type { Policy } from '../decide/policy.ts';
import type { Clock } from '../lib/clock.ts';
import type { LogTail } from '../lib/log-tail.ts';
import type { Feed } from '../telemetry/feed.ts';
import type { AlertPayload, MetricsPayload, VerificationPayload } from '../telemetry/payloads.ts';
import type { Vision, VisionInfo } from '../vision/contract.ts';

/** What requests may ask of a running station, and do to it. */
export interface HttpTarget {
  readonly clock: Clock;
  readonly feed: Feed;
  readonly alerts: () => readonly AlertPayload[];
  readonly metrics: () => MetricsPayload;
  /** The newest lines of the log; null where none are kept. */
  readonly log: LogTail | null;
  /** Every field of the config with its value of this moment. */
  readonly config: () => readonly ConfigField[];
  /** The station's one vision worker. Photos of requests go through the gate that routes get, never here directly. */
  readonly vision: Pick<Vision, 'analyse'>;
  readonly model: VisionInfo;
  readonly galleryName: string;
  /** The gallery of this moment. */
  readonly gallery: () => Gallery;
  /** A change is in use when this resolves. */
  readonly galleryStore: Pick<GalleryStore, 'apply'>;
  /** Whether a doubtful reference photo is pointed out, or refused. */
  readonly galleryAudit: Config['gallery']['audit'];
  /** The gallery is the one that is published at the broker: what is enrolled here would not last. */
  readonly gallerySynced: boolean;
  /** Publishes that photos were compared. */
  readonly tellVerification: (verification: VerificationPayload) => void;
  /** Null where captures come from folders only. */
  readonly camera: Pick<CameraSource, 'latestFrame' | 'status'> | null;
  /** Whether whoever may use the API may see the camera's picture too. */
  readonly preview: boolean;
  /** The policy of this moment. */
  readonly policy: () => Policy;
}

/** The station's HTTP server. */
export interface HttpServer {
  /**
   * Begins to listen. Never rejects: a port that is in use, an address that is not there, a certificate or token that can't be
   * read raise the alert `http-port`, and it is tried again every now and then.
   */
  start(): Promise<void>;
  /** Ends every connection, also streams. */
  close(): Promise<void>;
}
