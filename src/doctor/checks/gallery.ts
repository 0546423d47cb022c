import { galleryDir } from '../../gallery/options.ts';
import { openGalleryStore } from '../../gallery/open.ts';
import { systemClock } from '../../lib/clock.ts';
import { createLog } from '../../lib/log.ts';
import { loadPack } from '../../models/load.ts';
import { fingerprintOf } from '../../vision/fingerprint.ts';
import { visionOptions } from '../../vision/options.ts';
import { failure, ok, warning, type Check } from '../contract.ts';

/** The newest revision: readable, with its key, and made with the models in use. */
export const gallery: Check = {
  name: 'gallery',
  async run({ config, host }) {
    const dir = galleryDir(config);
    const names = await host.list(dir);
    const synced = config.gallery.public_key !== null || config.gallery.public_key_file !== null;
    if (!names.some((name) => name.endsWith('.gallery'))) {
      const remedy = synced
        ? 'Publish one with `muster gallery publish`, and look at the broker.'
        : 'muster enroll <folder with photos>';
      return warning(`there is no gallery in ${dir} yet: nobody is recognised`, remedy);
    }
    const parts = { clock: systemClock, log: createLog('silent') };
    const store = await openGalleryStore(config, { fingerprint: null, dimension: 0 }, parts);
    const { revision, templates, subjects, fingerprint } = await store.load();
    const words = `revision ${revision}: ${templates} templates of ${subjects} people`;
    const { modelsDir, pack } = visionOptions(config);
    const loaded = await loadPack(modelsDir, pack).catch(() => null);
    if (loaded !== null && templates > 0 && fingerprint !== fingerprintOf(loaded, config.vision.flip)) {
      return failure(
        `${words}, made with other models (${fingerprint.slice(0, 20)}…) or another vision.flip`,
        'Enrol again with `muster enroll <folder> --replace`, or set vision.pack and vision.flip back.',
      );
    }
    const damaged = names.filter((name) => name.endsWith('.damaged')).length;
    if (damaged > 0) {
      const remedy = 'Look at the disk or the card: `dmesg | grep -i error`.';
      return warning(`${words}; a damaged revision was set aside`, remedy);
    }
    return ok(words);
  },
};
