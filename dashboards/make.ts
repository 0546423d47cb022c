import { keepArtefacts } from '../src/lib/keep-artefacts.ts';
import { dashboardArtefacts } from './artefacts.ts';

/**
 * Writes the dashboards into deploy/grafana: `node dist/dashboards/make.js`. With `--check` it writes nothing,
 * names the files that are stale, and ends with 1 when there are any.
 */
await keepArtefacts(dashboardArtefacts);
