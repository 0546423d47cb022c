import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { planThreads } from '../../src/board/plan.ts';
import { parseCpuList, readCores, type ReadText } from '../../src/board/topology.ts';
import { temporaryFolder } from '../support/tools.ts';

interface Board {
  readonly online: string;
  /** Of the process. */
  readonly allowed: string;
  /** cpu_capacity, by core. */
  readonly capacity?: readonly number[];
  /** cpufreq/cpuinfo_max_freq, kHz, by core. */
  readonly kHz?: readonly number[];
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

async function recorded({ online, allowed, capacity = [], kHz = [] }: Board): Promise<ReadText> {
  const root = await temporaryFolder();
  const cpus = join(root, 'sys/devices/system/cpu');
  const status = join(root, 'proc/self/status');
  const write = async (path: string, text: string) => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
  };
  await write(join(cpus, 'online'), online);
  await write(status, `Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${allowed}\n`);
  for (const [id, value] of capacity.entries())
    await write(join(cpus, `cpu${id}`, 'cpu_capacity'), `${value}\n`);
  for (const [id, value] of kHz.entries())
    await write(join(cpus, `cpu${id}`, 'cpufreq', 'cpuinfo_max_freq'), `${value}\n`);
  return (path) => readFile(join(root, path), 'utf8').catch(() => null);
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
    ['two virtual cores without a word on speed', { online: '0-1\n', allowed: '0-1' }, 2, null],
    ['one core', { online: '0', allowed: '0' }, 1, null],
  ] as const)('%s', async (_title, board, threads, cpus) => {
    const plan = planThreads(await readCores(await recorded(board)));
    expect(plan).toEqual({ threads, cpus, reason: expect.stringMatching(/\d cores|fast/) });
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
