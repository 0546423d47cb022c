import type { AuditFinding } from '../gallery/audit.ts';
import type { Interval } from '../evaluate/intervals.ts';
import type { Gate } from '../decide/contract.ts';

/**
 * What `muster calibrate` found out, in the terms of ISO/IEC 19795-1: FMR and FNMR are of comparisons (1:1), FPIR and FNIR of
 * searches (1:N), FTA of photos, FTE of people. Rates are 0..1, thresholds similarities; intervals are of 95 %.
 */
export interface Calibration {
  readonly fingerprint: string;
  readonly people: People;
  readonly failures: readonly Failure[];
  readonly comparisons: {
    readonly mated: number;
    readonly non_mated: number;
    /** Pairs of different people: their comparisons depend on each other, so these are what counts as evidence. */
    readonly pairs_of_people: number;
  };
  /** The FMR that was wished for. */
  readonly fmr: number;
  readonly threshold: Estimate;
  /** FNMR at the recommended threshold. */
  readonly fnmr: Estimate;
  readonly margin: Estimate & {
    /** Share of rightful acceptances that it costs. */
    readonly cost: number;
  };
  /** What the station uses now, with its rates on these photos. */
  readonly present: {
    readonly threshold: number;
    readonly margin: number;
    readonly fmr: number;
    readonly fnmr: number;
  };
  /** The recommended threshold where comparisons that look mislabelled are left out; null where none does. */
  readonly threshold_without_suspects: number | null;
  /** The threshold of each FMR that the comparisons can tell of, falling; the wished one is among them where it can be told. */
  readonly rates: readonly {
    readonly wished_fmr: number;
    readonly threshold: number;
    readonly fmr: number;
    readonly fnmr: number;
  }[];
  /** For the chart: both rates, at thresholds 0.005 apart. */
  readonly curve: readonly { readonly threshold: number; readonly fmr: number; readonly fnmr: number }[];
  readonly histogram: {
    /** The lower end of each bin. */
    readonly from: readonly number[];
    readonly width: number;
    /** Counts by bin. */
    readonly mated: readonly number[];
    readonly non_mated: readonly number[];
  };
  /** By rising size of the gallery; the one that was asked for is among them. */
  readonly searches: readonly SearchRates[];
  readonly gallery_size: number;
  readonly subjects: readonly SubjectFigures[];
  /** Photos that look mislabelled or doubled. */
  readonly suspects: readonly (AuditFinding & { readonly file: string | null })[];
  readonly warnings: readonly string[];
  readonly patch: { readonly decision: { readonly threshold: number; readonly margin: number } };
}

export interface Estimate {
  readonly value: number;
  /** Subject-level bootstrap, percentiles; null where it can't tell. */
  readonly interval: Interval | null;
}

export interface People {
  readonly photos: number;
  /** Failures to acquire: photos without a usable face. */
  readonly fta: number;
  readonly subjects: number;
  /** Failures to enrol: people of whom no photo is usable. */
  readonly fte: number;
  /** People with two usable photos or more: only they have mated comparisons. */
  readonly subjects_with_several: number;
}

/** Why a photo was of no use. */
export interface Failure {
  readonly file: string;
  readonly subject: string;
  readonly code: string;
  /** The gate, where a face was found that the station would reject. */
  readonly gate: Gate | null;
  readonly message: string;
}

/** Rates of searches in a gallery of so many people, at the recommended threshold and margin. */
export interface SearchRates {
  readonly size: number;
  /** FPIR = 1 − (1 − FMR)^templates, which takes all comparisons of a search as independent. */
  readonly estimated_fpir: number;
  /** Of galleries drawn from the data; null where there are too few people for it. */
  readonly simulated: {
    readonly galleries: number;
    /** Strangers that were accepted as somebody; the interval is that of the galleries drawn. */
    readonly fpir: Estimate;
    /** Enrolled people that were not accepted as themselves. */
    readonly fnir: Estimate;
    /** Enrolled people that were accepted as somebody else. */
    readonly misidentified: number;
  } | null;
}

/** The comparisons of one person: who is easily taken for another, and who hardly for themselves. */
export interface SubjectFigures {
  readonly subject: string;
  readonly photos: number;
  /** The highest similarity to another person, and to whom. */
  readonly highest_non_mated: number | null;
  readonly nearest: string | null;
  readonly false_matches: number;
  readonly lowest_mated: number | null;
  readonly false_non_matches: number;
}
