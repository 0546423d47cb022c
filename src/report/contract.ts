import type { Reason } from '../decide/contract.ts';
import type { EpochMs } from '../lib/clock.ts';
import type { latencyStages } from '../telemetry/payloads.ts';

/** The figures of a report, and nothing of how they look. Null where the database has none. */
export interface ReportData {
  readonly period: Period;
  /** What it was limited to; null and empty for all. */
  readonly site: string | null;
  readonly stations: readonly string[];
  readonly summary: {
    readonly stations: number;
    readonly captures: number;
    readonly accepted: number;
    readonly accept_rate_pct: number | null;
    readonly latency_p50_ms: number | null;
    readonly latency_p95_ms: number | null;
  };
  /** By the bucket of the period; buckets without captures are left out. */
  readonly over_time: readonly {
    readonly at: EpochMs;
    readonly captures: number;
    readonly accept_rate_pct: number;
    readonly latency_p50_ms: number;
    readonly latency_p95_ms: number;
    /** Cosine similarity of the accepted. */
    readonly accepted_median: number | null;
    readonly accepted_lowest: number | null;
    /** Of those rejected as unknown. */
    readonly unknown_highest: number | null;
    readonly threshold: number | null;
  }[];
  /** By the hour or the day, see `Period`; every one of them. */
  readonly counts: readonly { readonly at: EpochMs; readonly accepted: number; readonly rejected: number }[];
  /** The most frequent first. */
  readonly reasons: readonly { readonly reason: Reason; readonly count: number }[];
  readonly stages: readonly {
    readonly stage: (typeof latencyStages)[number];
    readonly p50_ms: number;
    readonly p95_ms: number;
  }[];
  readonly per_station: readonly StationFigures[];
  readonly health: readonly StationHealth[];
}

export interface Period {
  readonly from: EpochMs;
  /** Not itself in the period. */
  readonly to: EpochMs;
  /** IANA name; days and hours are those of this zone. */
  readonly zone: string;
  /** Minutes that one point of a line stands for. */
  readonly bucket_minutes: number;
  readonly counts_per: 'hour' | 'day';
}

export interface StationFigures {
  readonly site: string;
  readonly station: string;
  readonly captures: number;
  readonly accepted: number;
  readonly accept_rate_pct: number | null;
  readonly similarity_median: number | null;
  readonly latency_p50_ms: number | null;
  readonly latency_p95_ms: number | null;
  /** The last time it sent its health; null where it did not. */
  readonly last_seen: EpochMs | null;
  readonly cpu_temp_max_c: number | null;
  /** Share of the health messages that told of throttling; null where the board does not tell. */
  readonly throttled_pct: number | null;
  readonly outbox_max: number | null;
}

export interface StationHealth {
  readonly site: string;
  readonly station: string;
  /** By the bucket of the period, the highest in it. */
  readonly points: readonly {
    readonly at: EpochMs;
    readonly cpu_temp_c: number | null;
    readonly outbox_depth: number | null;
  }[];
}
