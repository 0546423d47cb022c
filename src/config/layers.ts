import type { z } from 'zod';
import { configFields, configObject, configTree, type Field, type Section } from './fields.ts';
import { nearest } from './nearest.ts';
import { configSchema, type Config } from './schema.ts';

/** Where a value of the effective config comes from. */
export type Origin =
  | { readonly kind: 'default' }
  | { readonly kind: 'file'; readonly file: string; readonly line: number }
  /** A file that systemd handed over. */
  | { readonly kind: 'credential'; readonly file: string }
  | { readonly kind: 'environment'; readonly variable: string }
  /** Over MQTT: for the whole site, or for this station. */
  | { readonly kind: 'remote'; readonly scope: 'site' | 'station'; readonly rev: number };

/** What is wrong with a config. Put together, name, origin and message make a sentence. */
export interface Problem {
  /** The field's name, or as much of it as was given; empty when it concerns a file as a whole. */
  readonly name: string;
  readonly origin: Origin;
  readonly message: string;
}

export interface Setting {
  readonly value: unknown;
  readonly origin: Origin;
}

/** What one source of settings says: values by field name, not checked yet. */
export interface Layer {
  readonly settings: ReadonlyMap<string, Setting>;
  readonly problems: readonly Problem[];
}

export interface Resolution {
  /** The effective config, deeply frozen; null when there are problems. */
  readonly config: Config | null;
  /** The origin of every field's value, by field name. */
  readonly origins: ReadonlyMap<string, Origin>;
  readonly problems: readonly Problem[];
}

/** Unknown keys that are listed one by one: whoever has more gave the wrong file. */
const maxProblems = 50;

const byDefault: Origin = { kind: 'default' };

/**
 * Reads the settings off a value that came from outside (a parsed YAML or JSON text). Only keys that the schema
 * knows are ever looked up or copied, so that no key of the value can reach an object's prototype.
 *
 * @param originOf tells where the key at a path was written
 */
export function layerOf(value: unknown, originOf: (path: readonly string[]) => Origin): Layer {
  const settings = new Map<string, Setting>();
  const problems: Problem[] = [];

  const unknown = (section: Section, path: readonly string[]): void => {
    if (problems.length > maxProblems) return;
    const origin = originOf(path);
    problems.push(
      problems.length === maxProblems
        ? { name: '', origin, message: 'and after it there are more unknown keys' }
        : { name: path.map(printable).join('.'), origin, message: unknownKey(section, path.at(-1) ?? '') },
    );
  };
  const walk = (section: Section, given: unknown): void => {
    // A section whose fields are all commented out is null in YAML.
    if (given === null || given === undefined) return;
    if (typeof given !== 'object' || Array.isArray(given)) {
      const message = `is ${shown(given)}, but must be a section with keys such as ${[...section.members.keys()].slice(0, 3).join(', ')}`;
      problems.push({ name: section.name, origin: originOf(section.path), message });
      return;
    }
    for (const [key, inner] of Object.entries(given)) {
      const member = section.members.get(key);
      const path = [...section.path, key];
      if (member === undefined) {
        unknown(section, path);
      } else if (member.kind === 'section') {
        walk(member, inner);
      } else {
        settings.set(member.name, { value: inner, origin: originOf(path) });
      }
    }
  };
  walk(configTree, value);
  return { settings, problems };
}

/** Lays the layers over the defaults, the later over the earlier, and checks the result. All problems are found. */
export function resolveConfig(layers: readonly Layer[]): Resolution {
  const settings = new Map<string, Setting>();
  for (const layer of layers) {
    // A secret and its file are two ways to say the same: the later layer's way holds.
    for (const name of layer.settings.keys()) settings.delete(otherWay(name));
    for (const [name, setting] of layer.settings) settings.set(name, setting);
  }
  const origins = new Map(
    [...configFields.keys()].map((name) => [name, settings.get(name)?.origin ?? byDefault]),
  );
  const problems = layers.flatMap((layer) => layer.problems);
  let checked = check(settings);
  if (!checked.success) {
    const found = problemsOf(checked.error, settings);
    // Fields that don't go together only show once each of them is right: look again without the wrong ones.
    for (const { name } of found) settings.delete(name);
    checked = check(settings);
    const more = checked.success ? [] : problemsOf(checked.error, settings);
    problems.push(...found, ...more.filter(({ name }) => found.every((problem) => problem.name !== name)));
  }
  const config = checked.success && problems.length === 0 ? deepFreeze(checked.data) : null;
  return { config, origins, problems };
}

function check(settings: ReadonlyMap<string, Setting>) {
  // Without code of its own for each section: it would be used once or twice.
  return configSchema.safeParse(
    configObject((field) => settings.get(field.name)?.value),
    { jitless: true },
  );
}

function problemsOf(error: z.ZodError, settings: ReadonlyMap<string, Setting>): Problem[] {
  return error.issues.map((issue) => problemOf(issue, settings));
}

/** `mqtt.password` for `mqtt.password_file`, and the other way round. */
function otherWay(name: string): string {
  return name.endsWith('_file') ? name.slice(0, -'_file'.length) : `${name}_file`;
}

function problemOf(issue: z.core.$ZodIssue, settings: ReadonlyMap<string, Setting>): Problem {
  const path = issue.path.map(String);
  const field = [...configFields.values()].find((one) => one.path.every((key, index) => key === path[index]));
  if (field === undefined) return { name: path.join('.'), origin: byDefault, message: issue.message };
  const setting = settings.get(field.name) ?? { value: field.fallback, origin: byDefault };
  const isConflict = issue.code === 'custom' && issue.params?.['conflict'] === true;
  const message = isConflict ? issue.message : notAllowed(field, setting.value);
  return { name: field.name, origin: setting.origin, message };
}

function notAllowed(field: Field, value: unknown): string {
  const hint =
    field.textual && (typeof value === 'number' || typeof value === 'boolean')
      ? ' (put it in quotes to make it text)'
      : '';
  const what = field.secret ? 'has a value that is not allowed' : `is ${shown(value)}`;
  return `${what}${hint}; allowed: ${field.allowed}`;
}

function unknownKey(section: Section, key: string): string {
  const sibling = nearest(key, section.members.keys());
  const elsewhere = [...configFields.values()].find((field) => field.path.at(-1) === key);
  const meant = sibling === undefined ? elsewhere?.name : [...section.path, sibling].join('.');
  return meant === undefined
    ? `is not a known key; known here: ${[...section.members.keys()].join(', ')}`
    : `is not a known key; did you mean ${meant}?`;
}

/** A value for a message: short, on one line, and without the credentials of a URL. */
export function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = (JSON.stringify(value) ?? String(value)).replaceAll(/\/\/[^/\s"]*@/g, '//***@');
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A key as it is, unless it holds what would spoil a line of text. */
function printable(key: string): string {
  return /^[\w.:-]{1,64}$/.test(key) ? key : shown(key);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
