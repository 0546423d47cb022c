import type { JSX } from 'preact';
import { countOf, number } from '../lib/format.ts';
import type { Station } from './station.ts';
import { reasonNames } from './words.ts';
import type { Reason } from '../../../decide/contract.ts';

/** How the listed check-ins ended, the most frequent first, and the totals since the start. */
export function Counts({ station }: { readonly station: Station }): JSX.Element {
  const { events, metrics } = station;
  const counts = new Map<string, number>();
  for (const { decision, reason } of events) {
    const name = reason === null ? decision : reason;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const most = Math.max(1, ...counts.values());
  const rows = [...counts].toSorted(([, a], [, b]) => b - a);
  return (
    <section class="card counts" aria-labelledby="counts">
      <h2 id="counts">Decisions</h2>
      {rows.length === 0 ? <p class="quiet small">No check-ins yet.</p> : null}
      <ul>
        {rows.map(([name, count]) => (
          <li key={name} data-tone={name === 'accepted' ? 'good' : 'watch'}>
            <span>{reasonNames[name as Reason] ?? name}</span>
            <strong>{number(count)}</strong>
            <span class="count-bar" style={{ width: `${(100 * count) / most}%` }} aria-hidden="true" />
          </li>
        ))}
      </ul>
      {metrics === null ? null : (
        <p class="quiet small">
          Since the start: {countOf(metrics.totals.captures, 'capture')}, {number(metrics.totals.accepted)}{' '}
          accepted, {number(metrics.totals.rejected)} rejected, {number(metrics.totals.failed)} no photos.
        </p>
      )}
    </section>
  );
}
