import { InvalidArgumentError, type Command } from 'commander';
import { createProgress } from '../lib/progress.ts';
import type { CommandContext } from './context.ts';
import { modelsDirOf, showSteps, withFolder, type FolderOptions } from './models-folder.ts';

interface AddOptions extends FolderOptions {
  readonly from?: string;
  readonly sha256?: string;
}

/** What to do with a pack that is there now. */
const next: Readonly<Record<string, string>> = {
  facenet: `Use it with vision.pack: facenet; templates of another pack are made anew with \`muster gallery rebuild <folder>\`.
Its threshold of 0.5 is a starting point that was never measured: run \`muster calibrate <folder>\` with photos of your own, and set
decision.threshold to what it recommends, before you rely on it.`,
  pad: 'Use it with decision.pad.mode: report, and look at the scores of your door for a week before you set enforce.',
};

/** `muster models add`. */
export function addAdding(models: Command, context: CommandContext): void {
  withFolder(models.command('add'))
    .description('add a pack that is not there by default: facenet, pad')
    .argument('<pack>', 'name of the pack; `muster models list` shows them')
    .option(
      '--from <place>',
      'take the weights from this file or URL; from this folder, or a URL that ends with a slash, where they are several files',
    )
    .option('--sha256 <hex>', 'take weights of your own, of the same net, that have this SHA-256', hexOf)
    .addHelpText(
      'after',
      `
facenet  InceptionResnetV1 of VGGFace2, 512 numbers a face, 112 MB. Use it with vision.pack: facenet
pad      MiniFASNet V2 and V1SE, which tell a live face from a print or a screen, 4 MB. Use it with decision.pad.mode

The weights are downloaded from where their authors publish them, and taken only with the SHA-256 that models/manifest.json names.
A download that was cut goes on where it stopped. The files are read as plain numbers; nothing in them is run. Templates of one
pack are never compared with those of another: after a change of vision.pack run muster gallery rebuild.

Examples:
  muster models add pad
  muster models add facenet --from 20180402-114759-vggface2.pt
  muster models add facenet --from mine.pt --sha256 $(sha256sum mine.pt | cut -d' ' -f1)`,
    )
    .action((pack: string, options: AddOptions) => add(context, pack, options));
}

function hexOf(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('It must be 64 hex digits, as `sha256sum` prints them.');
}

async function add(
  context: CommandContext,
  pack: string,
  { from, sha256, ...folder }: AddOptions,
): Promise<void> {
  const { addPack } = await import('../models/add.ts');
  const modelsDir = await modelsDirOf(context, folder);
  const steps = showSteps();
  const bar = megabytes();
  try {
    const { made, kept } = await addPack({
      modelsDir,
      pack,
      from,
      sha256,
      signal: context.signal,
      report: (step) => steps.report(step),
      onProgress: (done, total) => bar.show(done, total),
    });
    const right = kept.length === 0 ? '' : ` ${kept.join(', ')} right already.`;
    context.print(
      made.length === 0 ? `The pack ${pack} is there already.` : `Made ${made.join(', ')}.${right}`,
    );
    const hint = next[pack];
    if (hint !== undefined) context.print(hint);
  } finally {
    steps.done();
    bar.done();
  }
}

/** Shows a download in whole megabytes. */
function megabytes(): { show(done: number, total: number | null): void; done(): void } {
  let progress: ReturnType<typeof createProgress> | undefined;
  let shown = 0;
  const end = (): void => {
    progress?.done();
    progress = undefined;
    shown = 0;
  };
  return {
    show(done, total) {
      const whole = done === total;
      const now = whole ? Math.ceil(done / 1e6) : Math.floor(done / 1e6);
      // The next file, or the same one from its beginning.
      if (now < shown) end();
      progress ??= createProgress('downloading, MB', total === null ? {} : { total: Math.ceil(total / 1e6) });
      if (now > shown) progress.advance(now - shown);
      shown = now;
      if (whole) end();
    },
    done: end,
  };
}
