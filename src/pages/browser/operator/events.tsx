import type { ShownEvent } from '../lib/contract.ts';
import type { JSX } from 'preact';
import { dash, milliseconds, number, timeOfDay } from '../lib/format.ts';
import { Icon } from '../lib/icons.tsx';
import { outcomeOf } from './words.ts';

/** Each decision as it is made, the newest first. */
export function Events({ events }: { readonly events: readonly ShownEvent[] }): JSX.Element {
  return (
    <section class="card" aria-labelledby="events">
      <h2 id="events">Check-ins</h2>
      {events.length === 0 ? (
        <p class="quiet">None yet. Put a photo into the station’s inbox, or step in front of its camera.</p>
      ) : (
        <div class="scroll events" tabIndex={0} role="region" aria-labelledby="events">
          <table>
            <caption class="hidden">The last {events.length} check-ins, the newest first</caption>
            <thead>
              <tr>
                <th scope="col">Captured</th>
                <th scope="col">Decision</th>
                <th scope="col">Subject</th>
                <th scope="col" class="number">
                  Similarity
                </th>
                <th scope="col" class="number">
                  Match
                </th>
                <th scope="col" class="number">
                  Faces
                </th>
                <th scope="col" class="number">
                  Latency
                </th>
              </tr>
            </thead>
            <tbody>
              {events.map((event) => (
                <Row key={event.event_id} event={event} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ event }: { readonly event: ShownEvent }): JSX.Element {
  const accepted = event.decision === 'accepted';
  const { queue, decode, detect, align, embed, match } = event.latency_ms;
  const stages = Object.entries({ queue, decode, detect, align, embed, match })
    .map(([stage, ms]) => `${stage} ${milliseconds(ms)}`)
    .join(', ');
  return (
    <tr>
      <td>
        <time dateTime={event.captured_at}>{timeOfDay(event.captured_at)}</time>
      </td>
      <td>
        <span class="pill" data-tone={accepted ? 'good' : 'watch'}>
          <Icon name={accepted ? 'check' : 'again'} />
          {outcomeOf(event)}
        </span>
      </td>
      <th scope="row">{event.subject ?? dash}</th>
      <td class="number">{number(event.similarity, 3)}</td>
      <td class="number">{event.match_pct === null ? dash : `${number(event.match_pct, 1)} %`}</td>
      <td class="number">{event.faces_total}</td>
      <td class="number" title={stages}>
        {milliseconds(event.latency_ms.total)}
      </td>
    </tr>
  );
}
