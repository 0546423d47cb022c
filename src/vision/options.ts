import { join } from 'node:path';
import { minFacePx } from '../config/derived.ts';
import type { Config } from '../config/schema.ts';
import { defaultModelsDir } from '../lib/package.ts';
import { tuningFile } from './tune-file.ts';
import type { VisionOptions } from './vision.ts';

/**
 * Translates the `vision` section of the config into the room's own terms. Without `data_dir`, nothing is known of tuning; without `decision`, attacks are not
 * looked for.
 */
export function visionOptions({
  vision,
  data_dir: dataDir,
  decision,
}: Pick<Config, 'vision'> & Partial<Pick<Config, 'data_dir' | 'decision'>>): Omit<
  VisionOptions,
  'log' | 'clock'
> {
  return {
    modelsDir: vision.models_dir ?? defaultModelsDir,
    pack: vision.pack,
    minFacePx: minFacePx(vision),
    maxSidePx: vision.max_side_px,
    maxPixels: vision.max_mpx * 1e6,
    detectMode: vision.detector.mode,
    thresholds: vision.detector.thresholds,
    factor: vision.detector.factor,
    threads: vision.threads,
    tuningFile: dataDir === undefined ? null : tuningFile(dataDir),
    timeoutMs: vision.timeout_s * 1000,
    flip: vision.flip,
    pad: decision?.pad.mode ?? 'off',
  };
}

/** Where a station keeps the graphs that are optimised for its machine; null: nowhere. Commands leave nothing behind. */
export function graphsDir({ vision, data_dir }: Pick<Config, 'vision' | 'data_dir'>): string | null {
  return vision.graph_cache ? join(data_dir, 'graphs') : null;
}
