import type { JSX } from 'preact';
import { dayAndTime } from '../lib/format.ts';
import { Note } from '../lib/note.tsx';
import type { Station } from './station.ts';

/** What needs a person's hand, above every view. */
export function Alerts({ station }: { readonly station: Station }): JSX.Element {
  const { alerts, status } = station;
  return (
    <section class="alerts" aria-label="Alerts" aria-live="polite">
      {status === 'offline' ? (
        <Note tone="bad">
          <p>
            <strong>The station does not answer.</strong> What stands below is what was last known; this page
            connects again by itself.
          </p>
        </Note>
      ) : null}
      {alerts.map(({ id, severity, message, since }) => (
        <Note key={id} tone={severity === 'error' ? 'bad' : 'watch'}>
          <p>
            <strong class="mono">{id}</strong> {message}
          </p>
          <p class="small">since {dayAndTime(since)}</p>
        </Note>
      ))}
    </section>
  );
}
