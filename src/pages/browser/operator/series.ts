import type { ShownEvent } from '../lib/contract.ts';

type Charted = Pick<ShownEvent, 'captured_at' | 'decision' | 'similarity' | 'threshold' | 'latency_ms'>;

/** Columns of one length, as uPlot takes them: the time in seconds first, ascending. */
export interface Columns {
  readonly at: number[];
  readonly [column: string]: (number | null)[];
}

/** @param events in any order */
function ascending(events: readonly Charted[]): Charted[] {
  return events.toSorted((a, b) => Date.parse(a.captured_at) - Date.parse(b.captured_at));
}

/** The similarity of each capture that was compared, in a column by how it ended, and the threshold of that moment. */
export function similaritySeries(events: readonly Charted[]) {
  const compared = ascending(events).filter(({ similarity }) => similarity !== null);
  const ofDecision = (wanted: ShownEvent['decision']) =>
    compared.map(({ decision, similarity }) => (decision === wanted ? similarity : null));
  return {
    at: compared.map(secondOf),
    accepted: ofDecision('accepted'),
    rejected: ofDecision('rejected'),
    threshold: compared.map(({ threshold }) => threshold),
  } satisfies Columns;
}

/** How long each decision took, and how much of that the models took, ms. */
export function latencySeries(events: readonly Charted[]) {
  const all = ascending(events);
  return {
    at: all.map(secondOf),
    total: all.map(({ latency_ms }) => latency_ms.total),
    models: all.map(({ latency_ms }) => latency_ms.detect + latency_ms.align + latency_ms.embed),
  } satisfies Columns;
}

/** The middle one of the values, or of the two in the middle the lower; null of none. */
export function median(values: readonly number[]): number | null {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? null;
}

function secondOf({ captured_at }: Charted): number {
  return Date.parse(captured_at) / 1000;
}
