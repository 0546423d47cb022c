import type { Config } from '../config/schema.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import { startBridge } from './bridge.ts';
import type { Bridge } from './contract.ts';
import type { BridgeParts } from './options.ts';

/** The bridge in the process of a station. What it can't mend by itself is logged: it is no reason to refuse people at the door. */
export async function startBridgeInStation(config: Config, parts: BridgeParts): Promise<Bridge> {
  const bridge = await startBridge(config, parts, { inStation: true });
  bridge.failed.catch((error: unknown) => {
    const remedy = error instanceof MusterError ? error.remedy : undefined;
    parts.log.error({ remedy }, `the bridge does not work: ${messageOf(error)}`);
  });
  return bridge;
}
