import { stringify } from 'yaml';
import type { Calibration } from './contract.ts';

/** The recommendation for station.yaml. */
export function yamlPatch({ patch }: Pick<Calibration, 'patch'>): string {
  return stringify(patch);
}

/** The same for the topic config/desired of a station or a site; its rev must be above that of the last one. */
export function mqttPatch({ patch }: Pick<Calibration, 'patch'>): string {
  return JSON.stringify({ rev: 1, config: patch });
}
