import type { DesiredPair, Refusal, Scope } from './contract.ts';
import type { ConfigReportedPayload } from './payloads.ts';

export type Refusals = Readonly<Record<Scope, Refusal | null>>;

export interface ReportFacts {
  readonly applied: DesiredPair;
  readonly refusals: Refusals;
  readonly effective: Record<string, unknown>;
}

/** Errors are cut here, so that the report stays below the 32 KB of the contract. */
const maxErrors = 20;
const maxErrorLength = 500;

/** Writes what became of the settings from afar. Pure. */
export function configReport({ applied, refusals, effective }: ReportFacts): ConfigReportedPayload {
  const { site, station } = refusals;
  const both = [site, station].filter((refusal) => refusal !== null);
  const revs = { rev: applied.station?.rev ?? 0, site_rev: applied.site?.rev ?? 0 };
  return {
    rev: station?.rev ?? revs.rev,
    site_rev: site?.rev ?? revs.site_rev,
    status:
      both.find(({ status }) => status === 'rolled_back')?.status ??
      both.find(({ status }) => status === 'rejected')?.status ??
      'applied',
    errors: both
      .flatMap(({ errors }) => errors)
      .slice(0, maxErrors)
      .map((error) => error.slice(0, maxErrorLength)),
    restart_required: false,
    applied: revs,
    effective,
  };
}
