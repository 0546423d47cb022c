import type { Command } from 'commander';
import type { Field } from '../config/fields.ts';
import type { CommandContext, DefineVerb } from './context.ts';

const examples = `
Examples:
  muster config check station.yaml
  muster config show --config station.yaml
  MUSTER_MQTT__URL=mqtts://broker.example:8883 muster config show --json
  muster config schema > station-config.schema.json`;

/** `muster config`: check and show the configuration without starting anything. */
export const defineConfig: DefineVerb = (verb, context) => {
  verb.addHelpText('after', examples);

  verb
    .command('check')
    .description('check a configuration file and the environment, and name all that is wrong')
    .argument('[file]', 'the file to check, instead of that of --config')
    .option('--json', 'print {ok, problems} as JSON')
    .addHelpText('after', '\nEnds with 0 when the configuration is valid and with 1 when it is not.')
    .action((file: string | undefined, options: { json?: boolean }) =>
      check(context, file ?? fileOf(verb), options.json === true),
    );

  verb
    .command('show')
    .description('print the effective configuration and where each value comes from')
    .option('--json', 'print {config, origins} as JSON')
    .addHelpText('after', '\nSecrets are shown as ***.')
    .action((options: { json?: boolean }) => show(context, fileOf(verb), options.json === true));

  verb
    .command('schema')
    .description('print the JSON Schema of the configuration file')
    .action(async () => {
      const { configJsonSchema } = await import('../config/artefacts.ts');
      context.print(JSON.stringify(configJsonSchema(), null, 2));
    });
};

async function check(context: CommandContext, file: string | undefined, json: boolean): Promise<void> {
  const { placeOf, readSources, sentence } = await import('../config/load.ts');
  const { problems } = await readSources({ file, env: process.env });
  if (problems.length > 0) context.exitCode(1);
  if (json) {
    const listed = problems.map(({ name, origin, message }) => ({ name, place: placeOf(origin), message }));
    context.print(JSON.stringify({ ok: problems.length === 0, problems: listed }, null, 2));
  } else if (problems.length === 0) {
    context.print(`${file ?? 'The configuration without a file'} is valid.`);
  } else {
    context.print(problems.map(sentence).join('\n'));
  }
}

async function show(context: CommandContext, file: string | undefined, json: boolean): Promise<void> {
  const { placeOf, readSources, validConfig } = await import('../config/load.ts');
  const { configFields, configObject, valueIn } = await import('../config/fields.ts');
  const resolution = await readSources({ file, env: process.env });
  const config = validConfig(resolution);
  const shownValue = (field: Field): unknown => {
    const value = valueIn(config, field.path);
    return field.secret && value !== null ? '***' : value;
  };
  const placeOfField = (field: Field): string =>
    placeOf(resolution.origins.get(field.name) ?? { kind: 'default' });

  if (json) {
    const origins = Object.fromEntries([...configFields].map(([name, field]) => [name, placeOfField(field)]));
    context.print(JSON.stringify({ config: configObject(shownValue), origins }, null, 2));
  } else {
    const { configYaml } = await import('../config/yaml.ts');
    context.print(configYaml(shownValue, { behind: placeOfField }));
  }
}

function fileOf(verb: Command): string | undefined {
  return verb.optsWithGlobals<{ config?: string }>().config;
}
