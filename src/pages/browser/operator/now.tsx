import type { JSX } from 'preact';
import { Charts } from './charts.tsx';
import { Counts } from './counts.tsx';
import { Events } from './events.tsx';
import { Health } from './health.tsx';
import type { Station } from './station.ts';

/** The station at a glance, and each decision as it is made. */
export function Now({ station }: { readonly station: Station }): JSX.Element {
  return (
    <>
      <Health station={station} />
      <div class="columns">
        <Charts events={station.events} />
        <Counts station={station} />
      </div>
      <Events events={station.events} />
    </>
  );
}
