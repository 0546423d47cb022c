import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { jsonText, type Artefact } from '../src/lib/artefact.ts';
import { fleet } from './fleet.ts';
import { station } from './station.ts';

/** The dashboards as Grafana reads them, see deploy/grafana/provisioning. */
export const dashboardArtefacts: readonly Artefact[] = [
  artefact('fleet', fleet),
  artefact('station', station),
];

function artefact(name: string, make: () => Dashboard): Artefact {
  return { path: `deploy/grafana/dashboards/${name}.json`, text: () => jsonText(make()) };
}
