import { systemClock } from '../lib/clock.ts';
import { keepHeapsSmall } from '../lib/heap.ts';
import type { DefineVerb } from './context.ts';

/** EX_TEMPFAIL of sysexits.h: systemd starts the station again. */
const restartMe = 75;

export const defineStation: DefineVerb = (verb, context) => {
  verb
    .addHelpText(
      'after',
      `
Without a config file it watches data/inbox and runs a broker of its own on 127.0.0.1:1883.
It stops with SIGINT or SIGTERM, after the capture under way, also while it starts. A second signal ends it at once.

The exit status is 0 when it was stopped, 2 when a person has to mend something before it can start, 75 when it was told
from afar to restart, and 130 or 143 with a second signal.

Examples:
  muster station
  muster --config station.yaml station
  MUSTER_MQTT__URL=mqtt://broker.local MUSTER_STATION=door-2 muster station`,
    )
    .action(async () => {
      keepHeapsSmall();
      // Before anything else: it takes longest to load.
      const { spawnAhead } = await import('../vision/thread.ts');
      const spawnVision = spawnAhead();
      const { config: file, logLevel } = verb.optsWithGlobals<{ config?: string; logLevel?: string }>();
      const [config, { readLayers }, { superviseStation }, { createService }] = await Promise.all([
        context.config(),
        import('../config/load.ts'),
        import('../supervisor.ts'),
        import('../service/service.ts'),
      ]);
      const log = await context.log();
      const service = createService({ env: process.env, pid: process.pid, log });
      context.signal.addEventListener('abort', () => service.stopping(), { once: true });
      const end = await superviseStation(
        {
          config,
          layers: await readLayers({ file, env: process.env }),
          logLevelIsFixed: logLevel !== undefined,
          spawnVision,
          surroundings: {
            clock: systemClock,
            log,
            logTail: context.logTail,
            random: Math.random,
            configFile: file,
            service,
          },
        },
        context.signal,
      );
      if (end === 'restart') context.exitCode(restartMe);
    });
};
