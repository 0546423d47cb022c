import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type AnySchema } from 'ajv';
import specs from '@asyncapi/specs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { galleryTopics, stationTopics } from '../../src/broker/topics.ts';
import { contractTopics, topicParameters } from '../../src/contract-topics.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { payloadSchemas } from '../../src/payloads.ts';
import { commands } from '../../src/remote/commands/table.ts';
import { addFormats } from '../support/schemas.ts';

interface Document {
  readonly channels: Record<string, { address: string; messages: Record<string, unknown> }>;
  readonly operations: Record<
    string,
    { action: string; bindings: { mqtt: { qos: number; retain: boolean } }; reply?: { channel: object } }
  >;
}

const text = await readFile(join(packageRoot, 'config/asyncapi.yaml'), 'utf8');
const document = parse(text) as Document;

it('the AsyncAPI document is one by the official schema of AsyncAPI 3.0', () => {
  // It brings the schema of draft 07 along.
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
  addFormats(ajv);
  const validate = ajv.compile(specs.schemas['3.0.0'] as AnySchema);
  expect(validate(document), ajv.errorsText(validate.errors)).toBe(true);
  // The schema does look at the bindings.
  const { checkin, ...others } = document.operations;
  const wrong = { ...checkin, bindings: { mqtt: { qos: 7 } } };
  expect(validate({ ...document, operations: { ...others, checkin: wrong } })).toBe(false);
});

it('every reference in the document leads somewhere, and its payload schemas compile', () => {
  const references = [...text.matchAll(/\$ref: "?(#[^"\s]+)"?/g)].map((match) => match[1] ?? '');
  expect(references.length).toBeGreaterThan(50);
  for (const reference of new Set(references)) {
    const found = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
    expect(found, reference).toBeDefined();
  }
  const { components } = parse(text) as {
    components: { messages: Record<string, { payload: object }>; schemas: object };
  };
  const ajv = new Ajv({ strict: false });
  addFormats(ajv);
  for (const { payload } of Object.values(components.messages)) ajv.compile({ ...payload, components });
});

it('the document has each topic of the table with its QoS, retain flag and direction', () => {
  const found = Object.entries(document.operations).map(([key, { action, bindings }]) => ({
    key,
    address: document.channels[key]?.address,
    direction: action,
    qos: bindings.mqtt.qos,
    retained: bindings.mqtt.retain,
  }));
  const wanted = contractTopics.map(({ key, address, direction, qos, retained }) => ({
    key,
    address,
    direction,
    qos,
    retained,
  }));
  expect(found).toEqual(wanted);
  expect(document.operations['cmd']?.reply?.channel).toEqual({ $ref: '#/channels/res' });
  expect(Object.keys(document.channels['cmd']?.messages ?? {})).toEqual(
    [...commands.keys()].map((name) => `cmd-${name}`),
  );
});

it('the table has the topics that the code uses, and no others', () => {
  const station = stationTopics({ site: '{site}', station: '{station}' });
  const gallery = galleryTopics('{site}', '{gallery}');
  const { root: _root, alert, cmd, res, ...plain } = station;
  const used = [
    ...Object.values(plain).filter((topic) => typeof topic === 'string' && topic.startsWith('muster/')),
    alert('{id}'),
    cmd('{name}'),
    res('{name}'),
    gallery.manifest,
    gallery.template('{subject}', 0).replace(/0$/, '{n}'),
  ];
  expect(contractTopics.map(({ address }) => address).toSorted()).toEqual(used.toSorted());
});

it('the table uses every payload of a station and describes every parameter', () => {
  expect(new Set(contractTopics.map(({ payload }) => payload))).toEqual(
    new Set(Object.keys(payloadSchemas).filter((name) => !name.startsWith('bridge-'))),
  );
  const names = contractTopics.flatMap(({ address }) =>
    [...address.matchAll(/\{(\w+)\}/g)].map((match) => match[1]),
  );
  expect(new Set(names)).toEqual(new Set(Object.keys(topicParameters)));
});
