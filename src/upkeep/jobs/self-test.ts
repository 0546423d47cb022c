import { messageOf } from '../../lib/errors.ts';
import type { SelfCheck } from '../../selftest/contract.ts';

/** Runs every check. Rejects with the words of those that failed. */
export async function runChecks(checks: readonly SelfCheck[], signal: AbortSignal): Promise<string> {
  const failures: string[] = [];
  for (const { name, run } of checks) {
    signal.throwIfAborted();
    await run().catch((error: unknown) => failures.push(`${name}: ${messageOf(error)}`));
  }
  if (failures.length > 0) throw new Error(failures.join('; '));
  return `${checks.map(({ name }) => name).join(', ')}: all as they should be`;
}
