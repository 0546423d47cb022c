import { z } from 'zod';
import { messageOf } from '../../lib/errors.ts';
import { round } from '../../lib/round.ts';
import { command } from './contract.ts';

const check = z.object({ name: z.string(), ok: z.boolean(), ms: z.number(), message: z.string() });

/** Does once what a check-in needs, from the model files to the broker, and reports each check as it ends. */
export const selfTest = command({
  name: 'self-test',
  args: z.strictObject({}),
  data: z.object({ passed: z.boolean(), checks: z.array(check) }),
  runs: 'alone',
  async run(_args, { station, progress }) {
    const checks: z.input<typeof check>[] = [];
    const time = async (name: string, work: () => Promise<string>) => {
      const started = station.monotonic();
      const result = await work().then(
        (message) => ({ ok: true, message }),
        (error: unknown) => ({ ok: false, message: messageOf(error) }),
      );
      checks.push({ name, ms: round(station.monotonic() - started, 1), ...result });
    };
    for (const { name, run } of station.checks) {
      await time(name, run);
      // Whether this message gets through is what the last check looks at.
      await progress({ ...checks.at(-1) }).catch(() => undefined);
    }
    await time('broker', async () => {
      await progress({ name: 'broker' });
      return 'a message at QoS 1 was acknowledged';
    });
    return { passed: checks.every(({ ok }) => ok), checks };
  },
});
