import type { Clock } from '../lib/clock.ts';
import type { Machine } from '../telemetry/machine.ts';
import { bustle } from './day.ts';

/** From this temperature on a Raspberry Pi slows down, °C. */
const throttlesAt = 80;

/**
 * The board of a virtual station: warmer when there is more to do, and here and there one in a housing without air.
 *
 * @param character 0..1, which board it is
 */
export function createVirtualMachine(character: number, clock: Clock): Machine {
  const housing = 40 + 18 * character ** 2;
  return {
    // Its times are invented.
    uptimeMs: () => null,
    read() {
      const now = clock.now();
      const load = 0.15 + 0.16 * bustle(now);
      const wave = Math.sin(now / 300_000 + 7 * character);
      const temperature = housing + 10 * load + wave + 4 * Math.sin(now / 1_500_000);
      return Promise.resolve({
        cpu_temp_c: Math.round(temperature * 10) / 10,
        throttled: temperature >= throttlesAt - 12,
        load_1m: Math.round(100 * load) / 100,
        memory: {
          rss_mb: 190 + Math.round(20 * character),
          free_mb: 2600 + Math.round(120 * wave),
          total_mb: 4045,
        },
        disk: { free_mb: 21_000 + Math.round(6_000 * character), total_mb: 29_500 },
        clock: 'synced',
      });
    },
  };
}
