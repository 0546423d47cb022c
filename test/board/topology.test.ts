import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { planThreads } from '../../src/board/plan.ts';
import { parseCpuList, readCores, type ReadText } from '../../src/board/topology.ts';
import { fileTree } from '../support/file-tree.ts';

interface Board {
  readonly online: string;
  /** Of the process. */
  readonly allowed: string;
  /** cpu_capacity, by core. */
  readonly capacity?: readonly number[];
  /** cpufreq/cpuinfo_max_freq, kHz, by core. */
  readonly kHz?: readonly number[];
  /** topology/cluster_id, by core. */
  readonly cluster?: readonly number[];
  /** cpufreq/related_cpus, by core. */
  readonly related?: readonly string[];
}

/** What these boards' kernels show in /sys/devices/system/cpu. */
const pi4: Board = { online: '0-3\n', allowed: '0-3', kHz: [1_800_000, 1_800_000, 1_800_000, 1_800_000] };
const pi5: Board = { online: '0-3\n', allowed: '0-3', kHz: [2_400_000, 2_400_000, 2_400_000, 2_400_000] };
const rk3588: Board = {
  online: '0-7\n',
  allowed: '0-7',
  capacity: [414, 414, 414, 414, 1024, 1024, 1002, 1002],
  kHz: [1_800_000, 1_800_000, 1_800_000, 1_800_000, 2_304_000, 2_304_000, 2_256_000, 2_256_000],
};
const turbo: Board = { online: '0-3\n', allowed: '0-3', kHz: [5_000_000, 5_000_000, 4_800_000, 4_800_000] };

const rk3588Clocks = ['0 1 2 3', '0 1 2 3', '0 1 2 3', '0 1 2 3', '4 5', '4 5', '6 7', '6 7'];

async function recorded(board: Board): Promise<ReadText> {
  const { online, allowed, capacity = [], kHz = [], cluster = [], related = [] } = board;
  const cpus = '/sys/devices/system/cpu';
  const files: Record<string, string> = {
    [`${cpus}/online`]: online,
    '/proc/self/status': `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\n`,
  };
  const figures = {
    cpu_capacity: capacity,
    'cpufreq/cpuinfo_max_freq': kHz,
    'topology/cluster_id': cluster,
    'cpufreq/related_cpus': related,
  };
  for (const [name, values] of Object.entries(figures))
    for (const [id, value] of values.entries()) files[`${cpus}/cpu${id}/${name}`] = `${value}\n`;
  return (await fileTree(files)).text;
}

describe('threads for a board', () => {
  it.each([
    ['Raspberry Pi 4', pi4, 3, null],
    ['Raspberry Pi 5', pi5, 3, null],
    ['Orange Pi 5 (RK3588)', rk3588, 4, [4, 5, 6, 7]],
    ['RK3588 that does not tell its capacities', { ...rk3588, capacity: [] }, 4, [4, 5, 6, 7]],
    ['RK3588, one capacity missing: the frequencies count', { ...rk3588, capacity: [414] }, 4, [4, 5, 6, 7]],
    ['RK3588 with two fast cores for this process', { ...rk3588, allowed: '0-3,6-7' }, 2, [6, 7]],
    ['RK3588 with slow cores only for this process', { ...rk3588, allowed: '0-3' }, 3, null],
    ['RK3588, a pair switched off', { ...rk3588, online: '0-5' }, 2, [4, 5]],
    ['a PC whose turbo differs a little', turbo, 3, null],
    ['two virtual cores without a word on speed', { online: '0-1\n', allowed: '0-1' }, 1, null],
    ['one core', { online: '0', allowed: '0' }, 1, null],
  ] as const)('%s', async (_title, board, threads, cpus) => {
    const plan = planThreads(await readCores(await recorded(board)));
    expect(plan).toEqual({ threads, cpus, reason: expect.stringMatching(/^1 core$|\d cores|fast/) });
  });

  it.each([
    ['tells its clusters', { ...rk3588, cluster: [0, 0, 0, 0, 1, 1, 2, 2] }],
    ['knows of none and tells the clocks', { ...rk3588, cluster: Array(8).fill(-1), related: rk3588Clocks }],
    ['is too old to know of clusters', { ...rk3588, related: rk3588Clocks }],
  ] as const)('a kernel that %s: the clusters are told apart', async (_title, board) => {
    const cores = await readCores(await recorded(board));
    expect(new Set(cores.map(({ cluster }) => cluster)).size).toBe(3);
    expect(planThreads(cores)).toEqual({
      threads: 4,
      cpus: [4, 5, 6, 7],
      reason: '4 fast of 8 cores (clusters 4-5 and 6-7); the slow ones are left to input and output',
    });
  });

  it('a kernel that tells nothing: the cores that Node knows of', async () => {
    const nothing: ReadText = () => Promise.resolve(null);
    expect(await readCores(nothing)).toHaveLength(availableParallelism());
    expect(await readCores(nothing, 6)).toHaveLength(6);
  });

  it('this machine: the cores that this process may use', async () => {
    const cores = await readCores();
    const status = await readFile('/proc/self/status', 'utf8');
    const allowed = parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)![1]!);
    expect(cores.map(({ id }) => id)).toEqual(allowed);
    expect(Math.max(...cores.map(({ speed }) => speed))).toBe(1);
  });
});

describe('lists of the kernel', () => {
  it.each([
    ['0-3\n', [0, 1, 2, 3]],
    ['0,2-3,7', [0, 2, 3, 7]],
    ['5', [5]],
    ['', []],
    ['3-1', []],
    ['a-b, -1', []],
  ])('%j', (list, ids) => expect(parseCpuList(list)).toEqual(ids));
});
