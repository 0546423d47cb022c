import { loadPack } from '../../models/load.ts';
import { visionOptions } from '../../vision/options.ts';
import { ok, type Check } from '../contract.ts';

/** The model files, as a start would verify them. */
export const models: Check = {
  name: 'models',
  async run({ config }) {
    const { modelsDir, pack } = visionOptions(config);
    const loaded = await loadPack(modelsDir, pack);
    return ok(`pack ${loaded.name} is whole (${loaded.fingerprint.slice(0, 24)}…)`);
  },
};
