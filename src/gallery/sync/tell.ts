import type { Alerts } from '../../telemetry/alerts.ts';
import type { Gallery } from '../contract.ts';
import type { Verdict } from './judge.ts';
import type { GalleryReporter } from './report.ts';

/** What is wrong with the templates that came; null where nothing is. */
export interface Shortcomings {
  /** A template that was not taken. */
  readonly bad: string | null;
  /** A set that does not become whole. */
  readonly incomplete: string | null;
}

/** Tells what became of a manifest: an alert where something is refused or unused, and the report. */
export function tell(
  { alerts, reporter }: { readonly alerts: Alerts; readonly reporter: GalleryReporter },
  present: Gallery,
  verdict: Verdict,
  { bad, incomplete }: Shortcomings,
): void {
  const problem =
    verdict.kind === 'refused' ? verdict.reason : (bad ?? (verdict.kind === 'wanted' ? incomplete : null));
  if (problem === null) alerts.clear('gallery-refused');
  else alerts.raise('gallery-refused', 'error', `a published gallery is refused: ${problem}`);
  const { unused } = present;
  if (unused === undefined) alerts.clear('gallery-unused');
  else alerts.raise('gallery-unused', 'error', `nobody is recognised until a fitting set comes: ${unused}`);
  switch (verdict.kind) {
    case 'in_sync':
      reporter.tell(present, 'in_sync', problem);
      break;
    case 'nothing':
      reporter.tell(present, 'syncing', problem ?? unused ?? 'nothing is published yet');
      break;
    case 'rolled_back':
      reporter.tell(present, 'refused', verdict.reason);
      break;
    case 'refused':
      reporter.tell(present, 'refused', problem);
      break;
    case 'wanted':
      reporter.tell(present, problem === null ? 'syncing' : 'refused', problem ?? unused ?? null);
      break;
  }
}
