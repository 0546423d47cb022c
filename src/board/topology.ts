import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Core } from './contract.ts';

/** A file's text; null where it can't be read. */
export type ReadText = (path: string) => Promise<string | null>;

const cpuFolder = '/sys/devices/system/cpu';
const statusFile = '/proc/self/status';
export const readText: ReadText = (path) => readFile(path, 'utf8').catch(() => null);

/**
 * The cores that this process may use, by their number. Never rejects: where the kernel tells nothing of their speed they count as
 * alike, and where it tells nothing at all there are `known`: as many as Node knows of.
 *
 * A core's cluster is `topology/cluster_id` (kernel 5.16 and newer), else the first of the cores whose clock it shares.
 *
 * A core's speed is `cpu_capacity`, which arm64 kernels take from the device tree (Documentation/devicetree/bindings/cpu/cpu-capacity.txt), else
 * its highest frequency.
 */
export async function readCores(
  read: ReadText = readText,
  known: number = availableParallelism(),
): Promise<readonly Core[]> {
  const text = async (path: string) => (await read(path)) ?? '';
  /** One figure for each core, or null where one of them is missing: half of the figures can't be compared. */
  const figures = async (name: string) => {
    const texts = await Promise.all(ids.map((id) => text(join(cpuFolder, `cpu${id}`, name))));
    const found = texts.map((each) => Number.parseInt(each, 10));
    return found.every((figure) => figure > 0) ? found : null;
  };
  const [online, status] = await Promise.all([text(join(cpuFolder, 'online')), text(statusFile)]);
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
  const usable = allowed === undefined ? null : new Set(parseCpuList(allowed));
  const ids = parseCpuList(online).filter((id) => usable === null || usable.has(id));
  if (ids.length === 0) return Array.from({ length: known }, (_, id) => ({ id, speed: 1, cluster: null }));

  const speeds =
    (await figures('cpu_capacity')) ?? (await figures('cpufreq/cpuinfo_max_freq')) ?? ids.map(() => 1);
  const fastest = Math.max(...speeds);
  return await Promise.all(
    ids.map(async (id, i) => ({ id, speed: speeds[i]! / fastest, cluster: await clusterOf(id) })),
  );

  async function clusterOf(id: number): Promise<number | null> {
    const told = Number.parseInt(await text(join(cpuFolder, `cpu${id}`, 'topology/cluster_id')), 10);
    // The kernel says -1 where its firmware knows of none.
    if (told >= 0) return told;
    const related = Number.parseInt(await text(join(cpuFolder, `cpu${id}`, 'cpufreq/related_cpus')), 10);
    return Number.isNaN(related) ? null : related;
  }
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
