import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { shippedGolden } from '../../src/lib/package.ts';
import { stationChecks } from '../../src/selftest/checks.ts';
import { compareWithGolden, goldenFile } from '../../src/selftest/golden.ts';
import { createStore } from '../../src/store/store.ts';
import { visionOptions } from '../../src/vision/options.ts';
import { createVision } from '../../src/vision/vision.ts';
import { anyDirection, likeness } from '../../src/simulate/people.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { manualClock, silentLog, temporaryFolder } from '../support/tools.ts';

const key = 'edge@sha256:0/2';

async function files() {
  const dir = await temporaryFolder();
  return { shipped: join(dir, 'shipped.json'), recorded: goldenFile(dir), clock: manualClock() };
}

it('records the numbers at the first run, and finds them drifted when they are', async () => {
  const golden = await files();
  const random = seededRandom(1);
  const numbers = anyDirection(random);
  expect(await compareWithGolden(key, numbers, golden)).toContain('were recorded');
  expect(await compareWithGolden(key, numbers, golden)).toContain('of 2026-11-23 (similarity 1.00000)');
  expect(await compareWithGolden(key, likeness(numbers, 0.9995, random), golden)).toContain('0.99950');
  await expect(compareWithGolden(key, likeness(numbers, 0.998, random), golden)).rejects.toThrow(
    'does not give the numbers that it gave on 2026-11-23 (similarity 0.99800, at least 0.999)',
  );
  await expect(compareWithGolden(key, numbers.subarray(1), golden)).rejects.toThrow('similarity NaN');
  // Other models have numbers of their own, and the first stay.
  expect(await compareWithGolden('facenet@sha256:1/2', anyDirection(random), golden)).toContain('recorded');
  expect(await compareWithGolden(key, numbers, golden)).toContain('similarity 1.00000');
});

it('believes the shipped numbers rather than those of its first run', async () => {
  const golden = await files();
  const random = seededRandom(2);
  const [shipped, other] = [anyDirection(random), anyDirection(random)];
  await compareWithGolden(key, shipped, { ...golden, recorded: golden.shipped });
  await expect(compareWithGolden(key, other, golden)).rejects.toThrow('does not give the numbers');
});

it.each(['', '{"edge', '{"edge@sha256:0/2":{"embedding":7}}', '\0\0\0'])(
  'records anew where the file is damaged (%j)',
  async (text) => {
    const golden = await files();
    await writeFile(golden.recorded, text);
    expect(await compareWithGolden(key, anyDirection(seededRandom(3)), golden)).toContain('recorded');
    expect(JSON.parse(await readFile(golden.recorded, 'utf8'))).toHaveProperty([key]);
  },
);

it('the default pack gives the numbers that come with the program', async () => {
  const dir = await temporaryFolder();
  const config = await loadConfig({ env: { MUSTER_DATA_DIR: dir } });
  const vision = createVision({ ...visionOptions(config), clock: systemClock, log: silentLog });
  const store = createStore(join(dir, 'state'));
  onTestFinished(async () => {
    await vision.close();
    await store.close();
  });
  await store.open();
  const model = await vision.start();
  const checks = stationChecks(config, { vision, model, store, clock: systemClock });
  const words = Object.fromEntries(
    await Promise.all(checks.map(async ({ name, run }) => [name, await run()] as const)),
  );
  expect(Object.keys(words)).toEqual(['models', 'vision', 'golden', 'store']);
  expect(words['golden']).toMatch(/^the drawn face gives the numbers of .* \(similarity (1\.|0\.9999)/);
  expect(JSON.parse(await readFile(shippedGolden, 'utf8'))).toHaveProperty([
    `${model.fingerprint}/${config.vision.detector.mode}/min80/0.709/0.6-0.7-0.7`,
  ]);
});
