import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, fleetUid } from './board.ts';
import { checkins } from './fleet/checkins.ts';
import { health } from './fleet/health.ts';
import { latency } from './fleet/latency.ts';
import { now } from './fleet/now.ts';
import { similarity } from './fleet/similarity.ts';

/** All stations at a glance: is each one up, does it accept, is it fast, is it well? */
export function fleet(): Dashboard {
  return board({
    uid: fleetUid,
    title: 'Muster: Fleet',
    description: 'All stations of one or several sites. Click a station to see it in detail.',
    from: 'now-24h',
    several: true,
    sections: [now, checkins, latency, similarity, health],
  });
}
