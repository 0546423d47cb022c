import { rm } from 'node:fs/promises';
import { loadConfig } from '../src/config/load.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createLog } from '../src/lib/log.ts';
import { shippedGolden } from '../src/lib/package.ts';
import { selfChecks } from '../src/selftest/checks.ts';
import { createStore } from '../src/store/store.ts';
import { visionOptions } from '../src/vision/options.ts';
import { createVision } from '../src/vision/vision.ts';

/**
 * `npm run golden`: records anew the numbers of the drawn face that come with the program, after a change that is meant to change them: other
 * models, or another way to find faces.
 */

/** Usual values of `vision.min_face_px`. */
const minFaces = [20, 40, 60, 80, 100, 120, 160];

const golden = { shipped: shippedGolden, recorded: shippedGolden, clock: systemClock };
const config = await loadConfig({ env: {} });
await rm(shippedGolden, { force: true });
for (const minFacePx of minFaces) {
  const options = { ...visionOptions(config), minFacePx };
  const vision = createVision({ ...options, clock: systemClock, log: createLog('warn') });
  try {
    const model = await vision.start();
    // The store is another check's.
    const checks = selfChecks({ model, golden, vision, visionOptions: options, store: createStore('') });
    process.stdout.write(`${minFacePx} px: ${await checks.find(({ name }) => name === 'golden')?.run()}\n`);
  } finally {
    await vision.close();
  }
}
