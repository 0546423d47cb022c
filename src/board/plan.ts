import type { Core, ThreadPlan } from './contract.ts';

/**
 * From this share of the fastest on, a core is a fast one. On RK3588 the A76 pairs differ by 2 %, and an A55 has 40 % of their capacity and 78 % of
 * their frequency; x86 cores of one kind differ by their turbo, up to a tenth.
 */
const fastShare = 0.85;

/**
 * Chooses the threads of one inference. Of unlike cores only the fast ones are used: a layer is done when its slowest thread is, so a
 * slow core makes fast ones wait. Of cores alike one is left to the decoding, the broker, the disk and the main thread. `cores` must not
 * be empty.
 */
export function planThreads(cores: readonly Core[]): ThreadPlan {
  const fast = cores.filter(({ speed }) => speed >= fastShare);
  if (fast.length < cores.length) {
    return {
      threads: fast.length,
      cpus: fast.map(({ id }) => id),
      reason: `${fast.length} fast of ${cores.length} cores${clustersOf(fast)}; the slow ones are left to input and output`,
    };
  }
  const count = cores.length;
  if (count === 1) return { threads: 1, cpus: null, reason: '1 core' };
  return {
    threads: count - 1,
    cpus: null,
    reason: `${count} cores, all alike; one is left to input and output`,
  };
}

/** Such as ` (clusters 4-5 and 6-7)`; empty where there is one or the kernel does not tell. */
function clustersOf(cores: readonly Core[]): string {
  const clusters = new Map<number | null, number[]>();
  for (const { id, cluster } of cores) clusters.set(cluster, [...(clusters.get(cluster) ?? []), id]);
  if (clusters.size < 2) return '';
  const names = [...clusters.values()].map((ids) => (ids.length === 1 ? ids[0] : `${ids[0]}-${ids.at(-1)}`));
  return ` (clusters ${names.join(' and ')})`;
}
