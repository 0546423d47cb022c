import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { defaultModelsDir, packageRoot } from '../../src/lib/package.ts';
import { muster, startStation } from '../support/station.ts';
import { temporaryFolder } from '../support/tools.ts';

/** A home of its own, where what reports keeps what it could not send; and nothing that tells of a test, where ONNX Runtime is silent by itself. */
async function home() {
  const dir = await temporaryFolder();
  const silencing = Object.keys(process.env).filter((name) => /^(CI|ORT_.*|.*_CI|GITHUB_.*)$/.test(name));
  for (const name of silencing) delete process.env[name];
  return { dir, env: { HOME: dir, XDG_CACHE_HOME: join(dir, 'cache') } };
}

const traces = async (dir: string) =>
  (await readdir(dir, { recursive: true })).filter((name) => /microsoft|onnxruntime/i.test(name));

it('ONNX Runtime by itself would keep and send reports', async () => {
  const { dir, env } = await home();
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      '--eval',
      `require('onnxruntime-node').InferenceSession.create(${JSON.stringify(join(defaultModelsDir, 'pnet.onnx'))})`,
    ],
    { cwd: packageRoot, env: { ...process.env, ...env }, encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
  expect(await traces(dir)).not.toEqual([]);
});

it('neither a station nor a command reports anything to the makers of its libraries', async () => {
  const { dir, env } = await home();
  const station = startStation(dir, { ...env, MUSTER_MQTT__EMBEDDED__PORT: '0' });
  await station.ready;
  expect(await station.stop()).toBe(0);

  await writeFile(join(dir, 'a.jpg'), await portraits.alice());
  await writeFile(join(dir, 'b.jpg'), await portraits.aliceAgain());
  expect(await muster(dir, ['match', 'a.jpg', 'b.jpg'], env)).toMatchObject({ status: 0 });
  expect(await traces(dir)).toEqual([]);
});
