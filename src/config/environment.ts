import { parse } from 'yaml';
import { configFields, type Field } from './fields.ts';
import type { Layer, Problem, Setting } from './layers.ts';
import { nearest } from './nearest.ts';

const prefix = 'MUSTER_';
/** The path of the file, which main.ts reads. */
const otherVariables = ['MUSTER_CONFIG'];

/**
 * The settings of the environment: `MUSTER_<SECTION>__<KEY>`. Values are YAML scalars or flow lists, but a field that takes
 * text gets the value as it stands, so that a password of digits stays text. An empty value, or `null`, is null where
 * the field may be null.
 */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Layer {
  const byVariable = new Map([...configFields].map(([name, field]) => [field.variable, { name, field }]));
  const settings = new Map<string, Setting>();
  const problems: Problem[] = [];
  for (const [variable, text] of Object.entries(env)) {
    if (text === undefined || !variable.startsWith(prefix) || otherVariables.includes(variable)) continue;
    const known = byVariable.get(variable);
    const origin = { kind: 'environment', variable } as const;
    if (known === undefined) problems.push({ name: '', origin, message: unknownVariable(variable) });
    else settings.set(known.name, { value: valueOf(known.field, text), origin });
  }
  return { settings, problems };
}

function valueOf(field: Field, text: string): unknown {
  if (field.nullable && (text === '' || text === 'null')) return null;
  if (field.textual) return text;
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch {
    // Not YAML, so no value of such a field either: the check names it with what is allowed.
    return text;
  }
}

function unknownVariable(variable: string): string {
  const known = [...configFields.values()].map((field) => field.variable);
  const inSection = known.filter((one) => one.startsWith(`${variable}__`));
  if (inSection.length > 0) {
    return `is a section, which takes no value; set its fields one by one, such as ${inSection[0]}`;
  }
  const meant = nearest(
    variable.slice(prefix.length),
    known.map((one) => one.slice(prefix.length)),
  );
  return meant === undefined
    ? 'is not a known variable'
    : `is not a known variable; did you mean ${prefix}${meant}?`;
}
