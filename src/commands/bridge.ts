import { systemClock } from '../lib/clock.ts';
import type { DefineVerb } from './context.ts';

export const defineBridge: DefineVerb = (verb, context) => {
  verb
    .addHelpText(
      'after',
      `
It takes from the broker of the section mqtt, and writes to the database of the section influx.
What is not in the database yet stays with the broker. docs/bridge.md has the settings for each database.

Examples:
  MUSTER_MQTT__URL=mqtt://broker.local MUSTER_INFLUX__URL=http://127.0.0.1:8086 \\
    MUSTER_INFLUX__TOKEN_FILE=/etc/muster/influx-token muster bridge
  muster --config bridge.yaml bridge
  curl http://127.0.0.1:9464/metrics`,
    )
    .action(async () => {
      const config = await context.config();
      const { runBridge } = await import('../bridge/bridge.ts');
      const { createService } = await import('../service/service.ts');
      const log = await context.log();
      const service = createService({ env: process.env, pid: process.pid, log });
      const parts = { clock: systemClock, log, random: Math.random, service };
      await runBridge(config, parts, context.signal);
    });
};
