import { join } from 'node:path';
import { resolveConfig, type Layer } from '../../config/layers.ts';
import type { Config } from '../../config/schema.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { scopes, type Desired, type DesiredPair, type RemoteSettings, type Scope } from './contract.ts';
import { nothingSaved, readSettings, writeSettings } from './file.ts';
import { changedFields, readDesired, resolveDesired, withoutSecrets, type Resolved } from './judge.ts';
import { configReport, type Refusals } from './report.ts';

export interface SettingsOptions {
  /** The layers below those from afar: file and environment. */
  readonly base: readonly Layer[];
  /** What they give by themselves. */
  readonly config: Config;
  readonly log: Log;
}

/** Settings of these sections are read at each use; the others need the station to begin again. */
const liveSections = ['decision.', 'log.'];
/** But for these of them. */
const neverLive = ['decision.pad.mode'];
/** A trial that was cut twice is at fault; once may have been a power cut. */
const mostTrials = 2;

export function createRemoteSettings({ base, config, log }: SettingsOptions): RemoteSettings {
  const file = join(config.data_dir, 'remote-settings.json');
  let saved = nothingSaved;
  let inForce: Resolved = { config, origins: resolveConfig(base).origins };
  /** Of the newest that were received, why they are not applied. Not on disk: they are judged again when they come again. */
  let rejected: Refusals = { site: null, station: null };

  return {
    async open() {
      saved = await readSettings(file, log);
    },

    async begin() {
      const { trying } = saved;
      if (trying !== null && trying.begun >= mostTrials)
        await rollBack('the station ended while they were applied');
      else if (trying !== null) await save({ ...saved, trying: { ...trying, begun: trying.begun + 1 } });
      const good = lastGood();
      const tried = saved.trying === null ? null : resolveDesired(base, saved.trying.pair);
      inForce = tried === null || tried.config === null ? good : tried;
      const changed = changedFields(good.config, inForce.config);
      return {
        config: inForce.config,
        trial: inForce !== good,
        needsBroker: changed.some((name) => name.startsWith('mqtt.')),
      };
    },

    config: () => inForce.config,
    origins: () => inForce.origins,
    receive,

    async confirm() {
      if (saved.trying === null) return;
      const { pair } = saved.trying;
      await save({ applied: pair, trying: null, rolledBack: forgetOlder(pair) });
      log.info(revs(pair), 'settings from afar are applied');
    },

    rollBack,

    async postpone() {
      if (saved.trying !== null && saved.trying.begun > 0)
        await save({ ...saved, trying: { ...saved.trying, begun: 0 } });
    },

    report: () =>
      configReport({
        applied: saved.applied,
        refusals: {
          site: rejected.site ?? saved.rolledBack.site,
          station: rejected.station ?? saved.rolledBack.station,
        },
        effective: withoutSecrets(inForce.config),
      }),
  };

  async function receive(scope: Scope, payload: Buffer) {
    rejected = { ...rejected, [scope]: null };
    let desired: Desired | null = null;
    try {
      // An empty payload withdraws what was desired.
      if (payload.length > 0) desired = readDesired(payload);
    } catch (error) {
      const rev = saved.applied[scope]?.rev ?? 0;
      reject(scope, rev, [
        `${scope === 'site' ? 'site config/desired' : 'config/desired'} ${messageOf(error)}`,
      ]);
      return 'unchanged';
    }
    if (desired !== null && isOld(scope, desired)) return 'unchanged';
    if (desired === null && saved.applied[scope] === null && saved.rolledBack[scope] === null)
      return 'unchanged';
    const wanted = { ...saved.applied, [scope]: desired };
    const resolved = resolveDesired(base, wanted);
    if (resolved.config === null) {
      reject(scope, desired?.rev ?? 0, resolved.errors);
      return 'unchanged';
    }
    const changed = changedFields(inForce.config, resolved.config);
    if (changed.every(isLive)) {
      await save({ applied: wanted, trying: null, rolledBack: { ...saved.rolledBack, [scope]: null } });
      inForce = resolved;
      log.info({ ...revs(wanted), changed }, 'settings from afar are applied');
      return 'live';
    }
    await save({
      ...saved,
      trying: { pair: wanted, begun: 0 },
      rolledBack: { ...saved.rolledBack, [scope]: null },
    });
    log.info({ ...revs(wanted), changed }, 'settings from afar are tried');
    return 'again';
  }

  function isLive(name: string): boolean {
    return liveSections.some((section) => name.startsWith(section)) && !neverLive.includes(name);
  }

  /** Applied, or found not to work: neither is tried again. */
  function isOld(scope: Scope, { rev }: Desired): boolean {
    return rev <= (saved.applied[scope]?.rev ?? 0) || rev === saved.rolledBack[scope]?.rev;
  }

  function reject(scope: Scope, rev: number, errors: readonly string[]): void {
    rejected = { ...rejected, [scope]: { rev, status: 'rejected', errors } };
    log.warn({ scope, rev, errors }, 'settings from afar were rejected');
  }

  async function rollBack(reason: string): Promise<void> {
    if (saved.trying === null) return;
    const { pair } = saved.trying;
    const rolledBack = { ...saved.rolledBack };
    for (const scope of scopes) {
      const rev = pair[scope]?.rev;
      if (rev === undefined || rev === saved.applied[scope]?.rev) continue;
      rolledBack[scope] = { rev, status: 'rolled_back', errors: [reason] };
    }
    log.error({ ...revs(pair), reason }, 'settings from afar did not work and were rolled back');
    await save({ ...saved, trying: null, rolledBack });
  }

  /**
   * The last good config. Where the file or the program has changed so that a patch does not fit any more, it is left out: a
   * station must start.
   */
  function lastGood(): Resolved {
    const { site, station } = saved.applied;
    const pairs: DesiredPair[] = [
      { site, station },
      { site: null, station },
      { site, station: null },
    ];
    let errors: readonly string[] = [];
    for (const pair of pairs) {
      const resolved = resolveDesired(base, pair);
      if (resolved.config === null) {
        if (errors.length === 0) errors = resolved.errors;
        continue;
      }
      for (const scope of scopes) {
        const rev = saved.applied[scope]?.rev;
        if (rev !== undefined && pair[scope] === null) reject(scope, rev, errors);
      }
      return resolved;
    }
    return { config, origins: resolveConfig(base).origins };
  }

  async function save(next: typeof saved): Promise<void> {
    await writeSettings(file, next);
    saved = next;
  }

  function forgetOlder(pair: DesiredPair) {
    const keep = (scope: Scope) => {
      const refusal = saved.rolledBack[scope];
      return refusal !== null && refusal.rev > (pair[scope]?.rev ?? 0) ? refusal : null;
    };
    return { site: keep('site'), station: keep('station') };
  }
}

function revs({ site, station }: DesiredPair) {
  return { rev: station?.rev ?? 0, site_rev: site?.rev ?? 0 };
}
