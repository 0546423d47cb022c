import { MusterError } from '../lib/errors.ts';
import { readEnvironment } from './environment.ts';
import { readConfigFile } from './file.ts';
import { resolveConfig, type Origin, type Problem, type Resolution } from './layers.ts';
import type { Config } from './schema.ts';

export interface ConfigSources {
  /** Path of the YAML file; without one the defaults hold. */
  readonly file?: string | undefined;
  /** Usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The effective config: defaults, then the file, then the environment, deeply frozen. Relative paths in it are
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
export async function readSources({ file, env }: ConfigSources): Promise<Resolution> {
  const layers = file === undefined ? [] : [await readConfigFile(file)];
  return resolveConfig([...layers, readEnvironment(env)]);
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

/** `default`, `station.yaml:12` or `MUSTER_MQTT__URL`. */
export function placeOf(origin: Origin): string {
  if (origin.kind === 'file') return `${origin.file}:${origin.line}`;
  return origin.kind === 'environment' ? origin.variable : 'default';
}
