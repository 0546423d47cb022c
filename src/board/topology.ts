import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Core } from './contract.ts';

/** Where the kernel tells of its processors. */
export interface TopologyPaths {
  readonly cpus: string;
  readonly status: string;
}

const kernel: TopologyPaths = { cpus: '/sys/devices/system/cpu', status: '/proc/self/status' };

/**
 * The cores that this process may use, by their number. Never rejects: where the kernel tells nothing of their speed they count as
 * alike, and where it tells nothing at all there are as many as Node knows of.
 *
 * A core's speed is `cpu_capacity`, which arm64 kernels take from the device tree (Documentation/devicetree/bindings/cpu/cpu-capacity.txt), else
 * its highest frequency.
 */
export async function readCores(paths: TopologyPaths = kernel): Promise<readonly Core[]> {
  const [online, status] = await Promise.all([text(join(paths.cpus, 'online')), text(paths.status)]);
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  const usable = allowed === undefined ? null : new Set(parseCpuList(allowed));
  const ids = parseCpuList(online).filter((id) => usable === null || usable.has(id));
  if (ids.length === 0) return Array.from({ length: availableParallelism() }, (_, id) => ({ id, speed: 1 }));

  const capacities = await figures(ids, (id) => join(paths.cpus, `cpu${id}`, 'cpu_capacity'));
  const frequencies = await figures(ids, (id) => join(paths.cpus, `cpu${id}`, 'cpufreq', 'cpuinfo_max_freq'));
  const speeds = capacities ?? frequencies ?? ids.map(() => 1);
  const fastest = Math.max(...speeds);
  return ids.map((id, i) => ({ id, speed: speeds[i]! / fastest }));
}

/** The kernel's lists, such as `0-3,6`; what is no list is an empty one. */
export function parseCpuList(list: string): readonly number[] {
  return list
    .trim()
    .split(',')
    .flatMap((part) => {
      const [, from, to = from] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
      if (from === undefined) return [];
      return Array.from({ length: Math.max(0, Number(to) - Number(from) + 1) }, (_, i) => Number(from) + i);
    });
}

/** One figure for each core, or null where one of them is missing: half of the figures can't be compared. */
async function figures(ids: readonly number[], path: (id: number) => string): Promise<number[] | null> {
  const found = await Promise.all(ids.map(async (id) => Number.parseInt(await text(path(id)), 10)));
  return found.every((figure) => figure > 0) ? found : null;
}

function text(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
