import { MusterError } from '../lib/errors.ts';
import { readCredentials } from './credentials.ts';
import { readEnvironment } from './environment.ts';
import { readConfigFile } from './file.ts';
import { resolveConfig, type Layer, type Origin, type Problem, type Resolution } from './layers.ts';
import type { Config } from './schema.ts';

export interface ConfigSources {
  /** Path of the YAML file; without one the defaults hold. */
  readonly file?: string | undefined;
  /** Usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The effective config: defaults, then the file, then systemd's credentials, then the environment, deeply frozen. Relative paths in it are
 * relative to the working directory, wherever the file is.
 *
 * Throws MusterError `config_missing`, `config_unreadable`, or `config_invalid`, whose message names every problem.
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  return validConfig(await readSources(sources));
}

/**
 * The same with the origin of each value, and with problems as a result instead of an exception.
 *
 * Throws MusterError `config_missing` or `config_unreadable`.
 */
export async function readSources(sources: ConfigSources): Promise<Resolution> {
  return resolveConfig(await readLayers(sources));
}

/**
 * The layers over the defaults, for those who lay others over them.
 *
 * Throws MusterError `config_missing` or `config_unreadable`.
 */
export async function readLayers({ file, env }: ConfigSources): Promise<readonly Layer[]> {
  const layers = file === undefined ? [] : [await readConfigFile(file)];
  return [...layers, await readCredentials(env), readEnvironment(env)];
}

/** The config of a resolution. Throws MusterError `config_invalid`. */
export function validConfig({ config, problems }: Resolution): Config {
  if (config !== null) return config;
  const lines = problems.map((problem) => `  ${sentence(problem)}`);
  throw new MusterError('config_invalid', ['the configuration is not valid:', ...lines].join('\n'), {
    remedy: 'Every field is described in config/station.example.yaml and by `muster config schema`.',
  });
}

/** A problem in one line: what, where, why. */
export function sentence({ name, origin, message }: Problem): string {
  if (name === '') return `${placeOf(origin)} ${message}`;
  return origin.kind === 'default' ? `${name} ${message}` : `${name} (${placeOf(origin)}) ${message}`;
}

/** `default`, `station.yaml:12`, `MUSTER_MQTT__URL` or `config/desired rev 7`. */
export function placeOf(origin: Origin): string {
  if (origin.kind === 'file') return `${origin.file}:${origin.line}`;
  if (origin.kind === 'credential') return origin.file;
  if (origin.kind === 'environment') return origin.variable;
  if (origin.kind === 'default') return 'default';
  return `${origin.scope === 'site' ? 'site ' : ''}config/desired rev ${origin.rev}`;
}
