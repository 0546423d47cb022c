import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { pinThisThread } from '../../src/board/pin.ts';
import { readCores } from '../../src/board/topology.ts';
import { hasProgram } from '../support/programs.ts';

const has = hasProgram('taskset');

/** Of the calling thread, hence read synchronously. */
const allowed = () =>
  /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync('/proc/thread-self/status', 'utf8'))![1];

it.skipIf(!has)(has ? 'keeps this thread on one core' : 'skipped: taskset is not installed', async () => {
  const all = (await readCores()).map(({ id }) => id);
  try {
    expect(await pinThisThread([all.at(-1)!])).toBe(null);
    expect(allowed()).toBe(String(all.at(-1)));
  } finally {
    expect(await pinThisThread(all)).toBe(null);
  }
});

it.skipIf(!has)('a core that is not there is a reason, not an exception', async () => {
  const before = allowed();
  expect(await pinThisThread([1000])).toContain('taskset');
  expect(allowed()).toBe(before);
});
