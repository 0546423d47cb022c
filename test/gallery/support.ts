import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SubjectId, Template } from '../../src/gallery/contract.ts';
import type { Models } from '../../src/gallery/revisions.ts';
import { createGalleryStore, type GalleryStoreOptions } from '../../src/gallery/store.ts';
import { isSubjectId } from '../../src/gallery/subject.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { packageRoot } from '../../src/lib/package.ts';
import type { Embedding } from '../../src/vision/contract.ts';
import { toUnitLength } from '../../src/vision/embedding.ts';
import { silentLog } from '../support/tools.ts';

export const fingerprint = `edge@sha256:${'1'.repeat(64)}`;
export const dimension = 16;

export function subject(id: string): SubjectId {
  if (!isSubjectId(id)) throw new Error(`${id} is no subject id`);
  return id;
}

/** Numbers in 0..1 that are the same at each run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function randomEmbedding(random: () => number, length = dimension): Embedding {
  return toUnitLength(Float32Array.from({ length }, () => random() * 2 - 1));
}

/** `count` templates of the subjects `s-0`, `s-1`, …, `each` of them per subject. */
export function templates(count: number, { each = 1, length = dimension, seed = 1 } = {}): Template[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => ({
    subject: subject(`s-${Math.floor(index / each)}`),
    n: index % each,
    embedding: randomEmbedding(random, length),
  }));
}

export function galleryStore(dir: string, options: Partial<GalleryStoreOptions & Models> = {}) {
  const { fingerprint: of = fingerprint, dimension: length = dimension, ...others } = options;
  const models = { fingerprint: of, dimension: length };
  return createGalleryStore({ dir, models, log: silentLog, clock: systemClock, ...others });
}

const compiled = (path: string) => JSON.stringify(pathToFileURL(join(packageRoot, 'dist', path)).href);

/** Text of a module for a process of its own, in which `store(dir)` and `template(subject, n, seed)` are at hand. */
export function childScript(body: string): string[] {
  const text = `
    import { createGalleryStore } from ${compiled('src/gallery/store.js')};
    import { createLog } from ${compiled('src/lib/log.js')};
    import { systemClock } from ${compiled('src/lib/clock.js')};
    const dir = process.argv[1];
    const store = createGalleryStore({ dir, models: { fingerprint: ${JSON.stringify(fingerprint)}, dimension: ${dimension} }, log: createLog('warn'), clock: systemClock });
    const template = (subject, n, seed) => {
      const embedding = new Float32Array(${dimension});
      embedding[seed % ${dimension}] = 1;
      return { subject, n, embedding };
    };
    ${body}`;
  return ['--input-type=module', '--eval', text];
}
