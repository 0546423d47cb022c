import { availableParallelism, cpus, totalmem } from 'node:os';
import { packageVersion } from '../lib/package.ts';

export type Machine = ReturnType<typeof describeMachine>;

/** What the figures depend on. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_mb: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    muster: packageVersion,
  };
}
