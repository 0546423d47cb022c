import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, stationUid } from './board.ts';
import { checkins } from './station/checkins.ts';
import { events } from './station/events.ts';
import { faces } from './station/faces.ts';
import { health } from './station/health.ts';
import { latency } from './station/latency.ts';
import { now } from './station/now.ts';
import { similarity } from './station/similarity.ts';

/** One station in detail: what it decided and why, how sure and how fast it was, and how its board is doing. */
export function station(): Dashboard {
  return board({
    uid: stationUid,
    title: 'Muster: Station',
    description: 'One station in detail.',
    from: 'now-6h',
    several: false,
    sections: [now, checkins, similarity, latency, faces, health, events],
  });
}
