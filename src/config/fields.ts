import { z } from 'zod';
import { configSchema } from './schema.ts';

/** One field of the config, as the schema describes it. */
export interface Field {
  readonly kind: 'field';
  /** `mqtt.url` */
  readonly name: string;
  readonly path: readonly string[];
  /** `MUSTER_MQTT__URL` */
  readonly variable: string;
  readonly description: string;
  readonly fallback: unknown;
  /** The allowed values in words. */
  readonly allowed: string;
  /** Takes text and nothing else but null: its variable is then not read as YAML. */
  readonly textual: boolean;
  readonly nullable: boolean;
  readonly remote: boolean;
  readonly secret: boolean;
}

export interface Section {
  readonly kind: 'section';
  readonly name: string;
  readonly path: readonly string[];
  readonly description: string;
  readonly members: ReadonlyMap<string, Field | Section>;
}

/** What `z.toJSONSchema` writes of the kinds that kinds.ts makes. */
interface Json {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Json>>;
  readonly enum?: readonly unknown[];
  readonly const?: string | number;
  readonly anyOf?: readonly Json[];
  readonly prefixItems?: readonly Json[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly allowed?: string;
  readonly remote?: boolean;
  readonly secret?: boolean;
}

/** The config's sections and fields in the order of the schema. */
export const configTree = sectionOf([], configSchema);

/** Every field by its name. */
export const configFields: ReadonlyMap<string, Field> = new Map(
  fieldsOf(configTree).map((field) => [field.name, field]),
);

/** The fields of a section and of the sections in it, in their order. */
export function fieldsOf(section: Section): Field[] {
  return [...section.members.values()].flatMap((member) =>
    member.kind === 'field' ? [member] : fieldsOf(member),
  );
}

/** The value at a path of a config. */
export function valueIn(config: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    config,
  );
}

/** An object of the config's shape, made of a value for each field; a field without one (undefined) is left out. */
export function configObject(valueOf: (field: Field) => unknown): Record<string, unknown> {
  const objectOf = (section: Section): Record<string, unknown> => {
    const object: Record<string, unknown> = {};
    for (const [key, member] of section.members) {
      const value = member.kind === 'section' ? objectOf(member) : valueOf(member);
      if (value !== undefined) object[key] = value;
    }
    return object;
  };
  return objectOf(configTree);
}

function sectionOf(path: readonly string[], schema: z.ZodType): Section {
  const members = Object.entries(shapeOf(schema) ?? {}).map(([key, member]) => {
    const at = [...path, key];
    return [key, shapeOf(member) === null ? fieldOf(at, member) : sectionOf(at, member)] as const;
  });
  return {
    kind: 'section',
    name: path.join('.'),
    path,
    get description() {
      return schema.description ?? '';
    },
    members: new Map(members),
  };
}

/** The members of a section, whatever is wrapped around it; null for a field. */
function shapeOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | null {
  if (schema instanceof z.ZodPrefault) return shapeOf(schema.unwrap() as z.ZodType);
  return schema instanceof z.ZodObject ? schema.shape : null;
}

/** What its schema says of it is read when it is asked for: a start asks for little. */
function fieldOf(path: readonly string[], schema: z.ZodType): Field {
  let read: Json | undefined;
  const json = () => (read ??= z.toJSONSchema(schema, { io: 'input' }) as Json);
  return {
    kind: 'field',
    name: path.join('.'),
    path,
    variable: `MUSTER_${path.join('__').toUpperCase()}`,
    get description() {
      return json().description ?? '';
    },
    get fallback() {
      return json().default;
    },
    get allowed() {
      return json().allowed ?? allowedOf(json());
    },
    get textual() {
      return typesOf(json()).every((type) => type === 'string' || type === 'null');
    },
    get nullable() {
      return typesOf(json()).includes('null');
    },
    get remote() {
      return json().remote === true;
    },
    get secret() {
      return json().secret === true;
    },
  };
}

function typesOf(json: Json): readonly string[] {
  return json.anyOf?.flatMap(typesOf) ?? [json.type ?? []].flat();
}

function allowedOf(json: Json): string {
  if (json.anyOf !== undefined) return json.anyOf.map(allowedOf).join(' or ');
  if (json.enum !== undefined) return json.enum.join(', ');
  if (json.const !== undefined) return `${json.const}`;
  if (json.prefixItems !== undefined) {
    const items = [...new Set(json.prefixItems.map(allowedOf))];
    return `a list of ${json.prefixItems.length}, each ${items.join(' or ')}`;
  }
  return typesOf(json)
    .map((type) => wordFor(type, json))
    .join(' or ');
}

function wordFor(type: string, { minimum, maximum }: Json): string {
  if (type === 'integer') return `a whole number from ${minimum} to ${maximum}`;
  if (type === 'number') return `a number from ${minimum} to ${maximum}`;
  if (type === 'boolean') return 'true or false';
  return type === 'string' ? 'text' : type;
}
