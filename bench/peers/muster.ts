import { loadConfig } from '../../src/config/load.ts';
import { inventGallery } from '../../src/bench/rig.ts';
import { packageVersion } from '../../src/lib/package.ts';
import { createPipeline } from '../../src/vision/pipeline.ts';
import { visionOptions } from '../../src/vision/options.ts';
import type { Peer } from './contract.ts';

/** Muster's own pipeline as a station has it, in this thread like the others. */
export async function createMuster(options: {
  threads: number;
  mode: 'exact' | 'fast';
  flip: boolean;
  templates: number;
}): Promise<Peer> {
  const { threads, mode, flip } = options;
  const configured = visionOptions(await loadConfig({ env: {} }));
  const pipeline = await createPipeline({ ...configured, threads, detectMode: mode, flip });
  const gallery = await inventGallery(options.templates, pipeline.info);
  return {
    name: `muster ${pipeline.info.pack}, ${mode}`,
    version: packageVersion,
    threads,
    async identify(photo) {
      const result = await pipeline.analyse(photo);
      if (!result.ok) throw new Error(result.message);
      await gallery.searchEach(
        result.faces.map(({ embedding }) => embedding),
        2,
      );
      return result.faces.length;
    },
    close: () => pipeline.close(),
  };
}
