import { capture } from './capture.ts';
import type { Command } from './contract.ts';
import { logLevel } from './log-level.ts';
import { ping } from './ping.ts';
import { purge } from './purge.ts';
import { reloadGallery } from './reload-gallery.ts';
import { restart } from './restart.ts';
import { selfTest } from './self-test.ts';
import { tune } from './tune.ts';
import { upkeep } from './upkeep.ts';

/** The commands by name: what follows `cmd/` in the topic. */
export const commands: ReadonlyMap<string, Command> = new Map(
  [ping, capture, reloadGallery, selfTest, tune, purge, restart, logLevel, upkeep].map((each) => [
    each.name,
    each as unknown as Command,
  ]),
);
