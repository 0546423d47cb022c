import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Box, Landmarks } from '../../../src/vision/contract.ts';
import {
  distance,
  hasShared,
  overlap,
  sharedDir,
  startPipeline,
  succeeded,
  withoutShared,
} from '../support.ts';

interface Golden {
  readonly images: readonly {
    readonly file: string;
    readonly size: readonly [number, number];
    readonly faces: readonly { readonly box: Box; readonly prob: number; readonly landmarks: Landmarks }[];
  }[];
}

test.skipIf(!hasShared)(
  hasShared ? 'the same faces as facenet-pytorch on 52 photos' : withoutShared,
  { timeout: 120_000 },
  async () => {
    const golden = JSON.parse(await readFile(join(sharedDir, 'golden', 'mtcnn.json'), 'utf8')) as Golden;
    const pipeline = await startPipeline({ minFacePx: 20, maxSidePx: null });
    let compared = 0;
    for (const { file, size, faces } of golden.images) {
      const photo = await readFile(join(sharedDir, 'faces-dev', file));
      const result = succeeded(await pipeline.analyse(photo, { embed: false }));
      expect([file, result.width, result.height]).toEqual([file, ...size]);
      expect([file, result.faces.length]).toEqual([file, faces.length]);
      for (const expected of faces) {
        const face = result.faces.find(({ box }) => overlap(box, expected.box) > 0.999);
        expect(face, `${file} ${expected.box.join()}`).toBeDefined();
        expect(face!.probability).toBeCloseTo(expected.prob, 5);
        face!.landmarks.forEach((point, i) => {
          expect(distance(point, expected.landmarks[i]!)).toBeLessThan(0.01);
        });
        compared++;
      }
    }
    expect(compared).toBe(89);
  },
);
