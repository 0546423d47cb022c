import type { Gate } from '../../../decide/contract.ts';
import type { AlertPayload, CheckinEvent, HealthPayload, StationState } from '../../../telemetry/payloads.ts';
import type { Box, Landmarks, Quality } from '../../../vision/contract.ts';

/** The answers of the HTTP API (`/api/v1`) as far as the pages read them. */

/** A check-in as the station itself tells it. */
export type ShownEvent = Omit<CheckinEvent, 'replayed'>;

export interface StationHealth {
  readonly state: StationState;
  readonly since: string;
  readonly health: HealthPayload | null;
  readonly alerts: readonly AlertPayload[];
}

export interface ConfigField {
  readonly name: string;
  readonly value: unknown;
  readonly origin: string;
  readonly remote: boolean;
  readonly secret: boolean;
  readonly description: string;
  readonly allowed: string;
}

export interface GalleryFacts {
  readonly name: string;
  readonly rev: number;
  readonly digest: string;
  readonly fingerprint: string;
  readonly subjects: number;
  readonly templates: number;
}

export interface SubjectEntry {
  readonly subject: string;
  readonly templates: readonly number[];
}

/** Something about a new template that a person should look at, see src/gallery/audit.ts. */
export interface EnrolmentWarning {
  readonly code: string;
  /** The other subject, where there is one. */
  readonly other: string | null;
  /** Null where none was worked out. */
  readonly similarity: number | null;
}

export interface Enrolment {
  readonly subject: string;
  readonly n: number;
  /** Null after a dry run. */
  readonly revision: number | null;
  readonly face: {
    readonly box: Box;
    readonly landmarks: Landmarks;
    readonly probability: number;
    readonly quality: Quality;
    readonly failed_gate: Gate | null;
  };
  readonly warnings: readonly EnrolmentWarning[];
}

export interface ComparedFace {
  readonly box: Box;
  readonly landmarks: Landmarks;
  readonly probability: number;
  readonly quality: Quality;
  /** The aligned crop as a data URL. */
  readonly crop: string;
}

export interface Comparison {
  readonly score_threshold: number;
  readonly 'inferencing_latency(ms)': number;
  readonly reference: ComparedFace;
  readonly faces: readonly (ComparedFace & { readonly distance: number; readonly similarity: number })[];
}

export interface CameraState {
  readonly available: boolean;
  readonly preview: boolean;
}

/** How the page is connected with the station. */
export type LiveStatus = 'connecting' | 'live' | 'offline' | 'unauthorised';

export interface LogLine {
  readonly time: string | number;
  readonly level: number | string;
  readonly msg: string;
  readonly [key: string]: unknown;
}
