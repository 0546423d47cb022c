import { stat } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import type { Config } from '../config/schema.ts';
import { MusterError } from '../lib/errors.ts';
import type { Comparison, ReplayPolicy } from '../replay/replay.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { remark, withVision } from './vision-options.ts';

interface ReplayOptions {
  readonly set: readonly string[];
  readonly all?: boolean;
  readonly json?: boolean;
}

export const defineReplay: DefineVerb = (verb, context) => {
  verb
    .argument('<recording>', 'a recording.jsonl of a station, or a folder of photos')
    .option(
      '--set <field=value>',
      'a field of the section decision to try; may be given several times',
      collect,
      [],
    )
    .option('--all', 'list every decision, not only those that change')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
A station writes a recording with capture.record.enabled: true (docs/cameras.md): boxes, quality and similarities, no photos.
"Before" is what the policy of that time decides on it, "after" what the policy of the config with --set does.

With a folder of photos each photo is a capture, and the photos of a folder in it are a burst; they are analysed and matched with the
gallery. "Before" is then the policy of the config, "after" that with --set.

JSON: {"decisions": [{"captured_at", "kind", "before", "after", "similarity"}], "changed"}; before and after are a
subject, a reason, or null for no decision.

Examples:
  muster replay data/recorded/recording.jsonl --set decision.threshold=0.5
  muster replay data/recorded/recording.jsonl --set decision.vote.share=0.8 --set decision.gates.sharpness=80
  muster replay photos --all`,
    )
    .action((recording: string, options: ReplayOptions) =>
      replay(recording, options, context, verb.optsWithGlobals()),
    );
};

async function replay(
  path: string,
  options: ReplayOptions,
  context: CommandContext,
  { config: file }: { config?: string },
): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new MusterError('recording', `${path}: there is no such file or folder`);
  const changed = await changedConfig(options.set, file);
  const comparisons = found.isDirectory()
    ? await replayPhotos(path, changed, context)
    : await replayRecording(path, changed);
  const differ = comparisons.filter(({ before, after }) => before?.outcome !== after?.outcome);
  if (options.json === true) {
    context.print(JSON.stringify({ decisions: comparisons.map(plain), changed: differ.length }));
    return;
  }
  const shown = options.all === true ? comparisons : differ;
  if (shown.length > 0) context.print(await tableOf(shown));
  context.print(`${comparisons.length} decisions, ${differ.length} of them change`);
}

async function replayRecording(path: string, { decision }: Config): Promise<readonly Comparison[]> {
  const [{ readRecording }, { createReplay }] = await Promise.all([
    import('../replay/read.ts'),
    import('../replay/replay.ts'),
  ]);
  const run = createReplay();
  for await (const recorded of readRecording(path)) {
    const { auto_threshold: auto, gallery } = recorded.setting;
    run.add({
      sight: recorded.sight,
      galleryEmpty: gallery.templates === 0,
      before: policyOf(recorded.decision, auto),
      after: policyOf(decision, auto),
    });
  }
  return run.end();
}

async function replayPhotos(
  folder: string,
  changed: Config,
  context: CommandContext,
): Promise<readonly Comparison[]> {
  const [config, { sightsOfPhotos }, { createReplay }, { openGallery }] = await Promise.all([
    context.config(),
    import('../replay/photos.ts'),
    import('../replay/replay.ts'),
    import('./open-gallery.ts'),
  ]);
  const overrides = { maxSidePx: config.vision.max_side_px, minFacePx: config.vision.min_face_px };
  return await withVision(context, overrides, async (vision, info) => {
    const { store } = await openGallery(context, info);
    const gallery = await store.load();
    const onFailed = (file: string, message: string) => {
      remark(`${file}: ${message}`);
      context.exitCode(1);
    };
    const run = createReplay();
    for await (const sight of sightsOfPhotos(folder, { vision, gallery, onFailed })) {
      context.signal.throwIfAborted();
      run.add({
        sight,
        galleryEmpty: gallery.templates === 0,
        before: policyOf(config.decision, info.threshold),
        after: policyOf(changed.decision, info.threshold),
      });
    }
    return run.end();
  });
}

function policyOf(decision: Config['decision'], auto: number): ReplayPolicy {
  return { ...decision, threshold: decision.threshold === 'auto' ? auto : decision.threshold };
}

/** The config with the fields of `--set`, which count like variables of the environment. */
async function changedConfig(sets: readonly string[], file: string | undefined): Promise<Config> {
  const [{ loadConfig }, { configFields }] = await Promise.all([
    import('../config/load.ts'),
    import('../config/fields.ts'),
  ]);
  const variables = sets.map((set) => {
    const [name = '', ...value] = set.split('=');
    const field = configFields.get(name);
    if (field === undefined || !name.startsWith('decision.')) {
      const known = [...configFields.keys()].filter((one) => one.startsWith('decision.'));
      throw new MusterError('usage', `--set ${name}: there is no such field of the section decision`, {
        remedy: `There are ${known.join(', ')}.`,
      });
    }
    return [field.variable, value.join('=')] as const;
  });
  return await loadConfig({ file, env: { ...process.env, ...Object.fromEntries(variables) } });
}

function plain({ captured_at, kind, before, after }: Comparison) {
  return {
    captured_at: new Date(captured_at).toISOString(),
    kind,
    before: before?.outcome ?? null,
    after: after?.outcome ?? null,
    similarity: (before ?? after)?.similarity ?? null,
  };
}

async function tableOf(comparisons: readonly Comparison[]): Promise<string> {
  const { table } = await import('../lib/table.ts');
  return table(
    ['captured at', 'kind', 'before', 'after', 'similarity'],
    comparisons
      .map(plain)
      .map((one) => [
        one.captured_at,
        one.kind,
        one.before ?? '–',
        one.after ?? '–',
        one.similarity?.toFixed(3) ?? '',
      ]),
  );
}

function collect(text: string, before: readonly string[]): readonly string[] {
  if (!/^[\w.]+=./.test(text)) throw new InvalidArgumentError('It must be like decision.threshold=0.5.');
  return [...before, text];
}
