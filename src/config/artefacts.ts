import { z } from 'zod';
import { jsonText, type Artefact } from '../lib/artefact.ts';
import { configSchema } from './schema.ts';
import { configYaml } from './yaml.ts';

export const configArtefacts: readonly Artefact[] = [
  { path: 'config/station.example.yaml', text: exampleYaml },
  { path: 'config/schemas/station-config.schema.json', text: () => jsonText(configJsonSchema()) },
];

/** The JSON Schema (2020-12) of the config file. `remote` and `secret` are annotations of ours. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, {
    io: 'input',
    // In words for messages; the schema says it in its own terms.
    override: ({ jsonSchema }) => delete jsonSchema['allowed'],
  });
  return { $schema, title: 'Muster station', ...schema };
}

function exampleYaml(): string {
  const head = [
    '# yaml-language-server: $schema=schemas/station-config.schema.json',
    '#',
    '# Every setting of a Muster station with its default. Copy it, keep what you change, and start with',
    '#   muster station --config station.yaml',
    '# What is left out has its default. A variable of the environment overrules the file: MUSTER_SITE for site,',
    '# MUSTER_MQTT__URL for url in mqtt, and so on. Relative paths are relative to the working directory.',
    '# Made from src/config by `npm run generate`.',
  ];
  const body = configYaml((field) => field.fallback, {
    above: (member) =>
      member.kind === 'section' ? [member.description] : [member.description, `Allowed: ${member.allowed}.`],
  });
  return `${head.join('\n')}\n${body}\n`;
}
