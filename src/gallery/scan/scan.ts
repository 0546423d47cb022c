import type { Embedding } from '../../vision/contract.ts';
import type { Match } from '../contract.ts';
import { similarityToRow } from '../search.ts';
import type { TemplateTable } from '../template-table.ts';
import { float32Probe, int8Probe, type ScanProbe } from './bounds.ts';
import { createKernel } from './kernel.ts';
import { blockRows, sharedBlockRows, type ScanMemory } from './layout.ts';
import { createLeaders, type Leaders } from './leaders.ts';
import { giveWay, startTurn, type Turn } from './turn.ts';

/** Templates that are in the kernel's memory. */
export type ScannedTable = TemplateTable & { readonly scan: ScanMemory };

export interface Scan {
  /** As `Gallery.searchEach`. */
  searchEach(probes: readonly Embedding[], count: number): Promise<readonly (readonly Match[])[]>;
  /** Resolves when the codes are made; until then the templates themselves are read. */
  prepare(): Promise<void>;
}

/** The codes of so many templates and more are made; the templates of fewer are read as quickly. */
const codedFrom = 4_000;
/** Every row of the first block is a candidate, as there is no floor yet: it is a small one, and the next ones grow. */
const firstRows = 64;
const growth = 4;
/** Where more rows than this share may be among the nearest, the codes don't tell them apart and the templates do. */
const indistinctShare = 1 / 8;
/** Exact comparisons between two looks at the time. */
const comparisonsAtOnce = 64;

/** Rows that may be among the nearest, with the most that their similarities can be. */
interface Candidates {
  readonly kind: 'int8' | 'float32';
  readonly rows: readonly number[];
  readonly most: readonly number[];
  /** By the least that the similarities can be. */
  readonly leaders: Leaders;
}

/**
 * The exact search of a large gallery: a scan estimates every row, with a bound on the error of each; the rows that may be among the
 * nearest are compared exactly. The `count` subjects with the best lower bounds are at least as similar as the least of these bounds, the floor:
 * a row whose upper bound is below it can't be among the nearest, and every other row is compared. So the answer is that of comparing
 * with every template, ties included.
 *
 * The codes (int8) are made in slices when the first search comes.
 */
export function createScan(table: ScannedTable): Scan {
  const { dimension, subjects, starts, numbers, scan } = table;
  const { memory, layout } = scan;
  const rows = numbers.length;
  const kernel = createKernel(memory);
  const bytes = new Uint8Array(memory.buffer);
  const losts = new Float32Array(memory.buffer, layout.losts, rows);
  const outRows = new Uint32Array(memory.buffer, layout.out, 2 * blockRows.int8);
  const outEstimates = new Float32Array(memory.buffer, layout.out, 2 * blockRows.int8);
  let coded = false;
  let coding: Promise<void> | undefined;

  const kinds = {
    int8: { toProbe: int8Probe, run: scanInt8 },
    float32: { toProbe: float32Probe, run: scanFloat32 },
  };

  function scanInt8({ step, reach, slack }: ScanProbe, first: number, count: number, floor: number): number {
    const { codes, scales, losts: lost, probe, out } = layout;
    // prettier-ignore
    return kernel.scanInt8(codes, scales, lost, dimension, first, count, probe, step, reach, slack, floor, out);
  }

  function scanFloat32({ slack }: ScanProbe, first: number, count: number, floor: number): number {
    return kernel.scanFloat32(layout.rows, dimension, first, count, layout.probe, slack, floor, layout.out);
  }

  /** The subject of a row: the last one that begins at it or before. */
  function subjectOf(row: number): number {
    let low = 0;
    let high = subjects.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (starts[middle]! <= row) low = middle;
      else high = middle;
    }
    return low;
  }

  async function makeCodes(): Promise<void> {
    const { codes, scales } = layout;
    for (let first = 0; first < rows; first += sharedBlockRows) {
      const count = Math.min(sharedBlockRows, rows - first);
      const at = first * dimension;
      kernel.quantise(at * 4, dimension, count, codes + at, scales + first * 4, layout.losts + first * 4);
      await giveWay();
    }
    coded = true;
  }

  /** Estimates every row for every probe, a block of rows for all of them, and gives the rows that may be among the nearest of each. */
  async function candidates(
    kind: Candidates['kind'],
    probes: readonly Embedding[],
    count: number,
    turn: Turn,
  ): Promise<readonly Candidates[]> {
    const { toProbe, run } = kinds[kind];
    const each = probes.map((probe) => ({
      kind,
      probe: toProbe(probe),
      leaders: createLeaders(count),
      rows: [] as number[],
      most: [] as number[],
    }));
    const longest = probes.length === 1 ? blockRows[kind] : sharedBlockRows;
    let size = firstRows;
    for (let first = 0; first < rows; first += size, size = Math.min(growth * size, longest)) {
      size = Math.min(size, rows - first);
      for (const one of each) {
        const { probe, leaders } = one;
        // Anew for each block: another search may have had a turn.
        bytes.set(probe.bytes, layout.probe);
        const found = run(probe, first, size, reachable(leaders.floor()));
        for (let i = 0; i < found; i += 1) {
          const row = outRows[2 * i]!;
          const estimate = outEstimates[2 * i + 1]!;
          const bound = probe.reach * (kind === 'int8' ? losts[row]! : 0) + probe.slack;
          // Looking up a subject takes longer than all the rest here.
          if (estimate - bound > leaders.floor())
            leaders.offer({ subject: subjectOf(row), row, value: estimate - bound });
          one.rows.push(row);
          one.most.push(estimate + bound);
        }
      }
      if (turn.isOver()) await turn.next();
    }
    return each;
  }

  /** The nearest subjects, of rows that are compared exactly. */
  async function nearest(
    probe: Embedding,
    found: Candidates,
    count: number,
    turn: Turn,
  ): Promise<readonly Match[]> {
    const best = createLeaders(count);
    const compare = (row: number) => {
      const value = similarityToRow(table, probe, row);
      if (value >= best.floor()) best.offer({ subject: subjectOf(row), row, value });
    };
    // With their similarities the floor is higher by about a bound, which few of the others reach.
    for (const { row } of found.leaders.all()) compare(row);
    let near = within(found, best.floor());
    if (found.kind === 'int8' && near.length > rows * indistinctShare) {
      const [read] = await candidates('float32', [probe], count, turn);
      near = within(read!, best.floor());
    }
    for (const [i, row] of near.entries()) {
      if (i % comparisonsAtOnce === 0 && turn.isOver()) await turn.next();
      compare(row);
    }
    return best.all().map(({ subject, value }) => ({ subject: subjects[subject]!, similarity: value }));
  }

  function prepare(): Promise<void> {
    coding ??= rows < codedFrom ? Promise.resolve() : makeCodes();
    return coding;
  }

  return {
    prepare,

    async searchEach(probes, count) {
      if (count < 1) return probes.map(() => []);
      void prepare();
      const kind = coded ? 'int8' : 'float32';
      const turn = startTurn();
      const found = await candidates(kind, probes, count, turn);
      const answers: (readonly Match[])[] = [];
      for (const [i, probe] of probes.entries()) answers.push(await nearest(probe, found[i]!, count, turn));
      return answers;
    },
  };
}

/** The rows that reach a floor. */
function within({ rows, most }: Candidates, floor: number): readonly number[] {
  const least = reachable(floor);
  return rows.filter((_row, i) => most[i]! >= least);
}

/** Similarities end at −1 and 1, so that what is beyond is a tie. */
function reachable(floor: number): number {
  return floor <= -1 ? Number.NEGATIVE_INFINITY : Math.min(1, floor);
}
