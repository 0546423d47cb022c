import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addPack } from '../../src/models/add.ts';
import { cutAround } from '../../src/vision/attack.ts';
import { createDecoder } from '../../src/vision/decode.ts';
import { hasShared, samplePhoto, sharedDir, startPipeline, succeeded, withoutShared } from './support.ts';
import { defaultModels, modelsWithThinPacks } from '../models/support/thin-packs.ts';

const golden = join(sharedDir, 'golden');
interface Case {
  file: string;
  label: 'real' | 'spoof';
  box_xywh: [number, number, number, number];
  MiniFASNetV2: { scale: number; softmax: number[] };
  MiniFASNetV1SE: { scale: number; softmax: number[] };
}

/** The default models and the published PAD pack. */
async function modelsWithPad(): Promise<string> {
  const modelsDir = await defaultModels();
  await addPack({ modelsDir, pack: 'pad', from: join(golden, 'weights') });
  return modelsDir;
}

describe('the nets that look for attacks', () => {
  it('give the largest faces a probability, and only as many as are asked for', async () => {
    const modelsDir = await modelsWithThinPacks();
    const pipeline = await startPipeline({ modelsDir, pad: 'enforce' });
    expect(pipeline.info.pad).toEqual({ fingerprint: expect.stringMatching(/^pad@sha256:[0-9a-f]{64}$/) });
    const photo = await samplePhoto(1);
    const { faces } = succeeded(await pipeline.analyse(photo, { pad: 2 }));
    expect(faces.length).toBeGreaterThan(2);
    expect(faces.map(({ pad }) => pad !== null && pad >= 0 && pad <= 1)).toEqual(faces.map((_, i) => i < 2));
    const without = succeeded(await pipeline.analyse(photo));
    expect(without.faces.map(({ pad }) => pad)).toEqual(faces.map(() => null));
  });

  it('are missed: a report says so, enforcing does not start', async () => {
    const modelsDir = await defaultModels();
    const pipeline = await startPipeline({ modelsDir, pad: 'report' });
    expect(pipeline.info.pad).toEqual({ problem: expect.stringContaining('muster models add pad') });
    const { faces } = succeeded(await pipeline.analyse(await samplePhoto(1), { pad: 1 }));
    expect(faces[0]?.pad).toBeNull();
    await expect(startPipeline({ modelsDir, pad: 'enforce' })).rejects.toMatchObject({
      code: 'model_not_added',
      remedy: expect.stringContaining('muster models add pad'),
    });
  });
});

describe.skipIf(!hasShared)(`the published nets${hasShared ? '' : ` (${withoutShared})`}`, () => {
  const { cases } = hasShared
    ? (JSON.parse(readFileSync(join(golden, 'pad.json'), 'utf8')) as { cases: Case[] })
    : { cases: [] };
  const photoOf = (file: string) => readFile(join(sharedDir, 'faces-dev', file));

  it('see the crops of Silent-Face-Anti-Spoofing', async () => {
    const decode = createDecoder({ maxSidePx: null, maxPixels: 1e7, timeoutMs: 10_000, threads: 1 });
    for (const one of cases) {
      const decoded = await decode(await photoOf(one.file));
      if (!decoded.ok) throw new Error(decoded.message);
      const [x, y, width, height] = one.box_xywh;
      for (const net of ['MiniFASNetV2', 'MiniFASNetV1SE'] as const) {
        const crop = new Float32Array(3 * 80 * 80);
        cutAround(decoded.photo.image, [x, y, x + width, y + height], one[net].scale, crop);
        const name = one.file.replace(/^spoof\/|\.jpg$/g, '');
        const wanted = readFileSync(join(golden, `pad_${name}_${net}_bgr80.bin`));
        const plane = 80 * 80;
        const off = Array.from(crop, (value, i) =>
          Math.abs(value - wanted[(i % plane) * 3 + Math.floor(i / plane)]!),
        );
        // Two readers of JPEG differ by a level here and there.
        expect(off.reduce((sum, value) => sum + value, 0) / off.length).toBeLessThan(0.5);
        expect(Math.max(...off)).toBeLessThanOrEqual(8);
      }
    }
  });

  it(
    'tell the live face from the two pictures, at the boxes that MTCNN finds',
    { timeout: 60_000 },
    async () => {
      const modelsDir = await modelsWithPad();
      const pipeline = await startPipeline({ modelsDir, pad: 'enforce' });
      for (const one of cases) {
        const { faces } = succeeded(await pipeline.analyse(await photoOf(one.file), { pad: 1 }));
        const reference = (one.MiniFASNetV2.softmax[1]! + one.MiniFASNetV1SE.softmax[1]!) / 2;
        expect(Math.abs((faces[0]?.pad ?? NaN) - reference)).toBeLessThan(0.25);
        const [least, most] = one.label === 'real' ? [0.9, 1] : [0, 0.5];
        expect(faces[0]?.pad).toBeGreaterThanOrEqual(least);
        expect(faces[0]?.pad).toBeLessThanOrEqual(most);
      }
    },
  );
});
