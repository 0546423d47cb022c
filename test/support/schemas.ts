import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ajv } from 'ajv';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { contractTopics, type ContractTopic } from '../../src/contract-topics.ts';
import { packageRoot } from '../../src/lib/package.ts';

/** The published schemas, as an integrator has them: the files, and a validator that is not zod. */
const dir = join(packageRoot, 'config/schemas');
const ajv = new Ajv2020({ allErrors: true, strict: false });
addFormats(ajv);
const validators = new Map<string, ValidateFunction>();
for (const file of readdirSync(dir)) {
  const name = file.replace('.schema.json', '');
  validators.set(name, ajv.compile(JSON.parse(readFileSync(join(dir, file), 'utf8')) as object));
}

export const maxPayloadBytes = 32 * 1024;
/** The site's own parts stand where a station's name does. */
const parameters: Record<string, string> = {
  site: '[a-z0-9-]{1,32}',
  station: '(?!(?:config|gallery|bridge)/)[a-z0-9-]{1,32}',
  n: '\\d+',
};
const patterns = contractTopics.map((topic) => ({
  topic,
  pattern: new RegExp(
    `^${topic.address.replaceAll(/\{(\w+)\}/g, (_, name: string) => `(${parameters[name] ?? '[^/+#]+'})`)}$`,
  ),
}));

/** The topic of the contract that this one is; null where it is none. */
export function contractTopicOf(topic: string): ContractTopic | null {
  return patterns.find(({ pattern }) => pattern.test(topic))?.topic ?? null;
}

/** What is wrong with a payload by the published schema `name`; null where nothing is. */
export function violationOf(name: string, payload: unknown): string | null {
  const validate = validators.get(name);
  if (validate === undefined) return `there is no config/schemas/${name}.schema.json`;
  return validate(payload) ? null : ajv.errorsText(validate.errors);
}

/** What is wrong with a message by the contract: its topic, size, JSON, or schema; null where nothing is. */
export function breachOf(topic: string, payload: string): string | null {
  if (!topic.startsWith('muster/1/')) return null;
  const bytes = Buffer.byteLength(payload);
  if (bytes > maxPayloadBytes) return `${topic}: ${bytes} bytes`;
  const ofBridge = /^muster\/1\/[^/]+\/bridge\/[^/]+\/(\w+)$/.exec(topic);
  if (ofBridge !== null)
    return payload === '' ? null : bridgeBreachOf(topic, `bridge-${ofBridge[1]}`, payload);
  const found = contractTopicOf(topic);
  if (found === null) return `${topic}: the contract has no such topic`;
  if (payload === '') return found.empty === null ? `${topic}: an empty payload` : null;
  const value = parsed(payload);
  const violation = violationOf(found.payload, value) ?? commandViolationOf(topic, value);
  return violation === null ? null : `${topic}: ${violation}\n${payload.slice(0, 500)}`;
}

/** Of what a bridge says of itself only some has a schema of its own. */
function bridgeBreachOf(topic: string, name: string, payload: string): string | null {
  const violation = validators.has(name) ? violationOf(name, parsed(payload)) : null;
  return violation === null ? null : `${topic}: ${violation}`;
}

/** The args of a command, and the data of its answer, have schemas of their own. */
function commandViolationOf(topic: string, payload: unknown): string | null {
  const [way = '', name = ''] = topic.split('/').slice(-2);
  const inside = way === 'cmd' ? 'args' : 'data';
  if (!validators.has(`${way}-${name}`)) return null;
  const value = (payload as Record<string, unknown>)[inside];
  return value === undefined ? null : violationOf(`${way}-${name}`, value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The formats that the published schemas use. */
export function addFormats(to: Ajv | Ajv2020): void {
  formats.default(to);
  to.addFormat('base64', /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/);
}
