import { captureFolders } from '../../config/derived.ts';
import type { Config } from '../../config/schema.ts';
import type { CaptureSource } from '../../capture/contract.ts';
import type { Gallery } from '../../gallery/contract.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Outbox } from '../../telemetry/contract.ts';
import type { Upkeep } from '../../upkeep/contract.ts';
import type { VisionInfo } from '../../vision/contract.ts';
import type { SelfCheck } from '../../selftest/contract.ts';
import type { CommandTarget } from './contract.ts';
import { purgeFolder, purgeOutbox } from './purge-target.ts';
import { tuneHere } from './tune-here.ts';

export interface TargetParts {
  readonly config: Config;
  /** The configured level of the log, now. */
  readonly logLevel: () => Config['log']['level'];
  readonly source: CaptureSource;
  readonly model: VisionInfo;
  readonly checks: readonly SelfCheck[];
  readonly upkeep: Pick<Upkeep, 'list' | 'run'>;
  readonly outbox: Outbox;
  /** Reads the newest revision, or makes the one before it the newest, and serves it from then on. */
  readonly reloadGallery: (to: 'newest' | 'previous') => Promise<Gallery>;
  readonly restart: CommandTarget['restart'];
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What the commands may do, made of the parts of a running station. */
export function commandTarget(parts: TargetParts): CommandTarget {
  const { config, source, outbox, clock, log } = parts;
  let reverting: NodeJS.Timeout | undefined;
  parts.signal.addEventListener('abort', () => clearTimeout(reverting), { once: true });

  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    rescan: () => source.rescan(),
    async reloadGallery(to) {
      const { revision, subjects, templates, digest } = await parts.reloadGallery(to);
      return { rev: revision, subjects, templates, digest };
    },
    checks: parts.checks,
    async purge(what, progress) {
      if (what === 'outbox') return await purgeOutbox(outbox, progress);
      return await purgeFolder(captureFolders(config)[what], progress);
    },
    async tune(rounds, progress, signal) {
      const { threads, measured } = await tuneHere(config, { rounds, progress, signal, clock, log });
      return { threads, in_use: parts.model.threads, auto: config.vision.threads === 'auto', measured };
    },
    upkeep: parts.upkeep,
    restart: parts.restart,
    setLogLevel(level, forMs) {
      clearTimeout(reverting);
      log.level = level;
      if (forMs === null) return;
      reverting = setTimeout(() => {
        log.level = parts.logLevel();
      }, forMs).unref();
    },
  };
}
