import { configFields, configObject, valueIn } from '../../config/fields.ts';
import { layerOf, resolveConfig, type Layer, type Origin, type Problem } from '../../config/layers.ts';
import { sentence } from '../../config/load.ts';
import type { Config } from '../../config/schema.ts';
import { maxPayloadBytes } from '../commands/payloads.ts';
import { scopes, type Desired, type DesiredPair, type Scope } from './contract.ts';
import { desiredSchema } from './payloads.ts';

/** Reads a desired config. Throws with a sentence that says what is wrong; the values inside are judged later. */
export function readDesired(payload: Buffer): Desired {
  if (payload.length > maxPayloadBytes) throw new Error(`is larger than ${maxPayloadBytes / 1024} KB`);
  let json: unknown;
  try {
    json = JSON.parse(payload.toString());
  } catch {
    throw new Error('is no JSON');
  }
  const result = desiredSchema.safeParse(json);
  if (result.success) return result.data;
  throw new Error('must be {"rev": a whole number from 1, "config": {sections with fields}}');
}

/** A config, and where each of its values comes from, by field name. */
export interface Resolved {
  readonly config: Config;
  readonly origins: ReadonlyMap<string, Origin>;
}

/** The config with both patches on it, in the order defaults < file < environment < site < station. */
export function resolveDesired(
  base: readonly Layer[],
  pair: DesiredPair,
): Resolved | { readonly config: null; readonly errors: readonly string[] } {
  const patches = scopes.flatMap((scope) => {
    const desired = pair[scope];
    return desired === null ? [] : [patchLayer(scope, desired)];
  });
  const { config, origins, problems } = resolveConfig([...base, ...patches]);
  return config === null ? { config, errors: problems.map(sentence) } : { config, origins };
}

/** The settings of a patch; those that may not be changed from afar are problems instead, by name and without their value. */
function patchLayer(scope: Scope, { rev, config }: Desired): Layer {
  const origin = { kind: 'remote', scope, rev } as const;
  const { settings, problems } = layerOf(config, () => origin);
  const refused: Problem[] = [];
  const allowed = [...settings].filter(([name, { value }]) => {
    const message = whyNot(name, value);
    if (message !== null) refused.push({ name, origin, message });
    return message === null;
  });
  return { settings: new Map(allowed), problems: [...problems, ...refused] };
}

function whyNot(name: string, value: unknown): string | null {
  if (configFields.get(name)?.remote !== true) return 'can not be changed from afar';
  // The station would be connected to itself, and nobody could tell it otherwise.
  if (name === 'mqtt.url' && value === null) return 'can not be null from afar: it would cut the station off';
  return null;
}

/** The config for a topic: everything but secrets. */
export function withoutSecrets(config: Config): Record<string, unknown> {
  return configObject((field) => (field.secret ? undefined : valueIn(config, field.path)));
}

/** The names of the fields in which two configs differ. */
export function changedFields(a: Config, b: Config): string[] {
  return [...configFields.values()]
    .filter(({ path }) => JSON.stringify(valueIn(a, path)) !== JSON.stringify(valueIn(b, path)))
    .map(({ name }) => name);
}
