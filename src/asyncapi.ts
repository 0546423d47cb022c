import { stringify } from 'yaml';
import { z } from 'zod';
import { contractTopics, topicParameters, type ContractTopic } from './contract-topics.ts';
import type { Artefact } from './lib/artefact.ts';
import { commandSchemas, payloadSchemas } from './payloads.ts';
import { commands } from './remote/commands/table.ts';

/**
 * The contract as an AsyncAPI 3.0 document (asyncapi.com/docs/reference/specification/v3.0.0), as the station sees it: it
 * sends what others read. The schemas of the payloads are inside, in the draft 07 that every tool for AsyncAPI reads, so that
 * the document works alone; config/schemas has the same in the draft 2020-12.
 */

const bindingVersion = '0.2.0';
const head =
  '# The topics of a Muster station: docs/mqtt.md in a form for programs. Made from src by `npm run generate`.';

export const asyncapiArtefacts: readonly Artefact[] = [
  {
    path: 'config/asyncapi.yaml',
    text: () => `${head}\n${stringify(asyncapiDocument(), { lineWidth: 110, aliasDuplicateObjects: false })}`,
  },
];

export function asyncapiDocument() {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Muster station',
      version: '1.0.0',
      description:
        'What a face check-in station says and hears over MQTT. Within one major version fields are only added.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    servers,
    channels: byKey(channel),
    operations: byKey(operation),
    components: { messages: messages(), schemas: schemas(), securitySchemes },
  };
}

const securitySchemes = {
  certificate: {
    type: 'X509',
    description: 'A client certificate; its common name is the user name, which is the id of the station.',
  },
  password: { type: 'userPassword', description: 'User name and password at the broker.' },
};

const servers = {
  tls: server('broker.example:8883', 'mqtts', 'A broker for a site, such as deploy/mosquitto.', [
    'certificate',
    'password',
  ]),
  websocket: server('broker.example:443', 'wss', 'The same over WebSocket.', ['certificate', 'password']),
  embedded: server(
    '127.0.0.1:1883',
    'mqtt',
    "A station's own broker, where none is configured: MQTT 3.1.1, on loopback.",
    [],
  ),
};

function server(
  host: string,
  protocol: string,
  description: string,
  security: (keyof typeof securitySchemes)[],
) {
  const bindings = {
    mqtt: {
      clientId: 'muster-<site>-<station>',
      cleanSession: false,
      lastWill: { topic: 'muster/1/<site>/<station>/state', qos: 1, message: 'state: lost', retain: true },
      bindingVersion,
    },
  };
  const allowed = security.map((name) => ({ $ref: `#/components/securitySchemes/${name}` }));
  return { host, protocol, description, ...(allowed.length > 0 ? { security: allowed } : {}), bindings };
}

function channel(topic: ContractTopic) {
  const { key, address, summary } = topic;
  const names = [...address.matchAll(/\{(\w+)\}/g)].map((match) => match[1] as keyof typeof topicParameters);
  const parameter = (name: keyof typeof topicParameters) => ({
    description: topicParameters[name],
    ...(name === 'name' && key === 'cmd' ? { enum: [...commands.keys()] } : {}),
  });
  return {
    address,
    title: key,
    description: sentence(summary),
    messages: Object.fromEntries(
      messagesOf(topic).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
    parameters: Object.fromEntries(names.map((name) => [name, parameter(name)])),
  };
}

function operation(topic: ContractTopic) {
  const { key, direction, qos, retained, summary, writers, readers, empty } = topic;
  const more = empty === null ? '' : ` An empty payload ${empty}.`;
  return {
    action: direction,
    ...messagesIn(topic),
    summary: sentence(summary),
    description: `Written by: ${writers}. Read by: ${readers}.${more}`,
    bindings: { mqtt: { qos, retain: retained, bindingVersion } },
    ...(key === 'cmd' ? { reply: messagesIn(contractTopics.find((each) => each.key === 'res')) } : {}),
  };
}

function messagesIn(topic: ContractTopic | undefined) {
  if (topic === undefined) throw new Error('commands have no answers');
  return {
    channel: { $ref: `#/channels/${topic.key}` },
    messages: messagesOf(topic).map((name) => ({ $ref: `#/channels/${topic.key}/messages/${name}` })),
  };
}

/** One for each command where the topic is one of commands. */
function messagesOf({ payload }: ContractTopic): readonly string[] {
  if (payload !== 'cmd' && payload !== 'res') return [payload];
  return [...commands.keys()].map((name) => `${payload}-${name}`);
}

function messages() {
  return Object.fromEntries(contractTopics.flatMap(messagesOf).map((name) => [name, message(name)]));
}

function message(name: string) {
  const common = { name, contentType: 'application/json' };
  const way = /^(cmd|res)-/.exec(name)?.[1];
  if (way === undefined) return { ...common, payload: schemaRef(name) };
  const own = { type: 'object', properties: { [way === 'cmd' ? 'args' : 'data']: schemaRef(name) } };
  return {
    ...common,
    payload: { allOf: [schemaRef(way), own] },
    correlationId: { description: 'The id of the command.', location: '$message.payload#/id' },
  };
}

function schemaRef(name: string) {
  return { $ref: `#/components/schemas/${name}` };
}

function schemas() {
  const payloads = contractTopics.map(({ payload }) => [payload, payloadSchemas[payload]] as const);
  return Object.fromEntries(
    [...new Map<string, z.ZodType>([...payloads, ...Object.entries(commandSchemas)])].map(
      ([name, schema]) => {
        const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
        return [name, rest];
      },
    ),
  );
}

function byKey<T>(make: (topic: ContractTopic) => T): Record<string, T> {
  return Object.fromEntries(contractTopics.map((topic) => [topic.key, make(topic)]));
}

function sentence(half: string): string {
  return `${half.charAt(0).toUpperCase()}${half.slice(1)}.`;
}
