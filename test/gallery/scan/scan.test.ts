import { describe, expect, it } from 'vitest';
import { float32Probe, int8Probe } from '../../../src/gallery/scan/bounds.ts';
import { createKernel } from '../../../src/gallery/scan/kernel.ts';
import { blockRows, scanMemoryFor } from '../../../src/gallery/scan/layout.ts';
import { createLeaders } from '../../../src/gallery/scan/leaders.ts';
import { createScan, type ScannedTable } from '../../../src/gallery/scan/scan.ts';
import { search } from '../../../src/gallery/search.ts';
import { galleryOfTable } from '../../../src/gallery/table-gallery.ts';
import { tableOf } from '../../../src/gallery/template-table.ts';
import type { Embedding } from '../../../src/vision/contract.ts';
import { toUnitLength } from '../../../src/vision/embedding.ts';
import { randomEmbedding, seededRandom, subject } from '../support.ts';

type Random = () => number;

const near = (to: Float32Array, spread: number, random: Random) =>
  toUnitLength(to.map((value) => value + (random() - 0.5) * spread));

/** One coordinate is nearly everything: the grid of such a row is as coarse as it gets. */
const spiked = (dimension: number, random: Random) => {
  const vector = Float32Array.from({ length: dimension }, () => (random() - 0.5) * 1e-2);
  vector[Math.floor(random() * dimension)] = random() < 0.5 ? -1 : 1;
  return toUnitLength(vector);
};

/** All numbers equal, of either sign; one number alone; all of one of the kernel's four lanes; every other number the opposite. */
const extremes = (dimension: number): Embedding[] =>
  [
    () => 1,
    () => -1,
    (i: number) => (i === 9 ? 1 : 0),
    (i: number) => (i % 8 < 2 ? -1 : 0),
    (i: number) => 1 - 2 * (i % 2),
  ].map((valueOf) => toUnitLength(Float32Array.from({ length: dimension }, (_, i) => valueOf(i))));

/** What galleries are made of, from the kindest to the meanest: an embedding for each row. */
const kinds: Record<string, (dimension: number, random: Random) => (row: number) => Embedding> = {
  'any directions': (dimension, random) => () => randomEmbedding(random, dimension),
  clusters: (dimension, random) => {
    const centres = Array.from({ length: 20 }, () => randomEmbedding(random, dimension));
    return (row) => near(centres[row % 20]!, 0.02, random);
  },
  'hardly different ones': (dimension, random) => {
    const centre = randomEmbedding(random, dimension);
    return () => near(centre, 1e-6, random);
  },
  'the same ones over and over': (dimension, random) => {
    const few = Array.from({ length: 7 }, () => randomEmbedding(random, dimension));
    return (row) => few[row % 7]!;
  },
  'spikes and opposites': (dimension, random) => {
    const spikes = Array.from({ length: 50 }, () => spiked(dimension, random));
    return (row) =>
      row % 3 === 0 ? toUnitLength(spikes[row % 50]!.map((v) => -v)) : spiked(dimension, random);
  },
  extremes: (dimension) => (row) => extremes(dimension)[row % 5]!,
  'corners, whose sums of products are the largest': (dimension, random) => {
    const corners = Array.from({ length: 9 }, () =>
      toUnitLength(Float32Array.from({ length: dimension }, () => (random() < 0.5 ? -1 : 1))),
    );
    return (row) => corners[row % 9]!;
  },
};

function scannedTable(rows: number, each: number, embeddingOf: (row: number) => Embedding): ScannedTable {
  const templates = Array.from({ length: rows }, (_, row) => ({
    subject: subject(`s-${String((row * 7919) % Math.ceil(rows / each)).padStart(5, '0')}`),
    n: row,
    embedding: embeddingOf(row),
  }));
  const table = tableOf(templates, templates[0]!.embedding.length);
  if (table.scan === null) throw new Error('this table is not scanned');
  return { ...table, scan: table.scan };
}

describe.each(Object.keys(kinds))('a gallery of %s', (kind) => {
  it.each([
    [192, 5_001, 3],
    [512, 4_003, 1],
    [32, 4_100, 1],
    [2048, 1_030, 2],
  ])(
    'answers as comparing with every template does, to the bit: %i numbers, %i rows',
    async (dimension, rows, each) => {
      const random = seededRandom(dimension + rows);
      const embeddingOf = kinds[kind]!(dimension, random);
      const table = scannedTable(rows, each, embeddingOf);
      const scan = createScan(table);
      const probes = [
        randomEmbedding(random, dimension),
        embeddingOf(1),
        near(embeddingOf(2), 0.01, random),
        spiked(dimension, random),
      ];
      for (const count of [1, 2, 10, 300]) {
        const expected = probes.map((probe) => search(table, probe, count));
        // The first looks read the templates, as the codes are not there yet.
        expect(await scan.searchEach(probes, count)).toEqual(expected);
        await scan.prepare();
        expect(await scan.searchEach(probes, count)).toEqual(expected);
      }
    },
  );
});

it('answers those who ask at the same time apart', async () => {
  const random = seededRandom(4);
  const table = scannedTable(30_000, 2, () => randomEmbedding(random, 192));
  const scan = createScan(table);
  await scan.prepare();
  const probes = Array.from({ length: 12 }, () => randomEmbedding(random, 192));
  const answers = await Promise.all(probes.map((probe) => scan.searchEach([probe], 2)));
  expect(answers.flat()).toEqual(probes.map((probe) => search(table, probe, 2)));
});

it('has a gallery answer for none, for a count of none, and not for a probe of other models', async () => {
  const random = seededRandom(5);
  const gallery = galleryOfTable(scannedTable(1_200, 1, () => randomEmbedding(random, 64)));
  expect(await gallery.searchEach([], 3)).toEqual([]);
  expect(await gallery.search(randomEmbedding(random, 64), 0)).toEqual([]);
  await expect(gallery.search(randomEmbedding(random, 32), 1)).rejects.toThrow(/has 32 numbers.* have 64/);
});

it.each([
  [999, 192],
  [5_000, 0],
  [5_000, 16],
  [5_000, 100],
  [5_000, 4_096],
])('%i rows of %i numbers are compared row by row', (rows, dimension) => {
  expect(scanMemoryFor(rows, dimension)).toBeNull();
});

it('gives no more memory than 32-bit pointers reach', () => {
  expect(scanMemoryFor(2_000_000, 512)).toBeNull();
});

describe('the bounds', () => {
  const sizes = [192, 2_048] as const;
  const each = sizes.flatMap((dimension) => Object.keys(kinds).map((kind) => [dimension, kind] as const));
  it.each(each)('hold for each row of %i numbers of %s', (dimension, kind) => {
    const random = seededRandom(9);
    const embeddingOf = kinds[kind]!(dimension, random);
    const { scan, vectors, numbers } = scannedTable(1_024, 1, embeddingOf);
    const { layout, memory } = scan;
    const kernel = createKernel(memory);
    const rows = numbers.length;
    kernel.quantise(layout.rows, dimension, rows, layout.codes, layout.scales, layout.losts);
    const losts = new Float32Array(memory.buffer, layout.losts, rows);
    const estimates = () =>
      Array.from(
        { length: rows },
        (_, i) => new Float32Array(memory.buffer, layout.out, 2 * blockRows.int8)[2 * i + 1]!,
      );
    const probes = [
      embeddingOf(0),
      spiked(dimension, random),
      randomEmbedding(random, dimension),
      ...extremes(dimension),
    ];
    for (const probe of probes) {
      const exact = (row: number) =>
        probe.reduce((sum, value, i) => sum + value * vectors[row * dimension + i]!, 0);
      const memoryBytes = new Uint8Array(memory.buffer);

      const coarse = int8Probe(probe);
      memoryBytes.set(coarse.bytes, layout.probe);
      const ofCodes = [layout.codes, layout.scales, layout.losts, dimension, 0, rows, layout.probe] as const;
      const { step, reach, slack } = coarse;
      expect(kernel.scanInt8(...ofCodes, step, reach, slack, Number.NEGATIVE_INFINITY, layout.out)).toBe(
        rows,
      );
      const overInt8 = estimates().map(
        (estimate, row) => Math.abs(estimate - exact(row)) - reach * losts[row]! - slack,
      );
      expect(Math.max(...overInt8)).toBeLessThanOrEqual(0);

      const fine = float32Probe(probe);
      memoryBytes.set(fine.bytes, layout.probe);
      const ofRows = [layout.rows, dimension, 0, rows, layout.probe] as const;
      kernel.scanFloat32(...ofRows, fine.slack, Number.NEGATIVE_INFINITY, layout.out);
      const overFloat32 = estimates().map((estimate, row) => Math.abs(estimate - exact(row)) - fine.slack);
      expect(Math.max(...overFloat32)).toBeLessThanOrEqual(0);
    }
  });
});

it('finds the rows that are asked for and none beyond them, where the last four are not whole', () => {
  const dimension = 64;
  const random = seededRandom(11);
  const { scan } = scannedTable(1_003, 1, () => randomEmbedding(random, dimension));
  const { memory, layout } = scan;
  const kernel = createKernel(memory);
  kernel.quantise(layout.rows, dimension, 1_003, layout.codes, layout.scales, layout.losts);
  const { bytes, step, reach, slack } = int8Probe(randomEmbedding(random, dimension));
  new Uint8Array(memory.buffer).set(bytes, layout.probe);
  const { codes, scales, losts, probe, out } = layout;
  const pairs = new Uint32Array(memory.buffer, out, 2 * blockRows.int8);
  for (const [first, count] of [
    [0, 1],
    [8, 2],
    [996, 7],
    [1_000, 3],
    [0, 1_003],
  ] as const) {
    const [every, none] = [Number.NEGATIVE_INFINITY, 3].map((floor) =>
      kernel.scanInt8(codes, scales, losts, dimension, first, count, probe, step, reach, slack, floor, out),
    );
    const rows = Array.from({ length: every! }, (_, i) => pairs[2 * i]);
    expect(rows).toEqual(Array.from({ length: count }, (_, i) => first + i));
    expect(none).toBe(0);
  }
});

it('keeps the best row of each subject among the leaders, equal ones by subject', () => {
  const leaders = createLeaders(3);
  const offer = (index: number, value: number) => {
    leaders.offer({ subject: index, row: 10 * index, value });
  };
  expect(leaders.floor()).toBe(Number.NEGATIVE_INFINITY);
  offer(4, 0.1);
  offer(4, 0.5);
  offer(2, 0.3);
  offer(4, 0.2);
  offer(9, 0.4);
  expect(leaders.floor()).toBe(0.3);
  offer(2, 0.9);
  expect(leaders.floor()).toBe(0.4);
  offer(1, 0.35);
  expect(leaders.floor()).toBe(0.4);
  offer(1, 0.6);
  expect(leaders.floor()).toBe(0.5);
  offer(5, 0.5);
  offer(3, 0.5);
  expect(leaders.all()).toEqual([
    { subject: 2, row: 20, value: 0.9 },
    { subject: 1, row: 10, value: 0.6 },
    { subject: 3, row: 30, value: 0.5 },
  ]);
});
