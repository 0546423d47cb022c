import type { Command } from 'commander';
import type { FaceChoice } from '../evaluate/face.ts';
import type { CommandContext } from './context.ts';
import { modelsDirOf, showSteps, withFolder, type FolderOptions } from './models-folder.ts';
import { checkRoot, defaultMinFacePx, rate, readList } from './evaluate.ts';
import { numberWithin } from './option-values.ts';
import { commandSidePx, faceOption, minFaceOption } from './vision-options.ts';

interface QuantizeOptions extends FolderOptions {
  readonly pairs: string;
  readonly root: string;
  readonly face: FaceChoice;
  readonly minFace?: number;
  readonly bound: number;
  readonly anyway?: boolean;
}

/** `muster models quantize`. */
export function addQuantizing(models: Command, context: CommandContext): void {
  withFolder(models.command('quantize'))
    .description('make a variant of a pack that embeds in int8, if it is faster here and as accurate')
    .argument('<pack>', 'the pack, such as edge')
    .requiredOption('--pairs <csv>', 'labelled pairs of photos, as for `muster evaluate`')
    .requiredOption('--root <folder>', 'folder that the paths in the list start from')
    .addOption(faceOption('middle'))
    .addOption(minFaceOption(`default ${defaultMinFacePx}`))
    .option('--bound <share>', 'most that accuracy and FNMR may lose, 0 to 0.1', numberWithin(0, 0.1), 0.002)
    .option('--anyway', 'also where it is not faster on this machine')
    .addHelpText(
      'after',
      `
The pack's embedder is written in whole numbers of 8 bits, on grids that fit the faces of 100 photos of the list. It is taken only if it is
faster than the pack's own on this machine, and if over the pairs neither the accuracy falls nor the FNMR at an FMR of 0.1 % grows by more than the
bound. Otherwise nothing is kept, and the exit status is 1.

Processors with instructions for it (arm64 asimddp and i8mm: Raspberry Pi 5, RK3588; x86 VNNI) gain by it, others don't. The variant is a
pack of its own, <pack>-int8, with its own fingerprint: set vision.pack to it, and make the templates anew with \`muster gallery rebuild\`.

Examples:
  muster models quantize edge --pairs pairs.csv --root photos
  muster models quantize edge --pairs pairs.csv --root photos --bound 0.001 --anyway`,
    )
    .action((pack: string, options: QuantizeOptions) => quantize(context, pack, options));
}

async function quantize(context: CommandContext, pack: string, options: QuantizeOptions): Promise<void> {
  const [
    { makeVariant },
    { visionOptions },
    { parsePairs },
    { planThreads },
    { readCores },
    { readDotProduct },
  ] = await Promise.all([
    import('../vision/make-variant.ts'),
    import('../vision/options.ts'),
    import('../evaluate/pairs.ts'),
    import('../board/plan.ts'),
    import('../board/topology.ts'),
    import('../board/dot-product.ts'),
  ]);
  const config = await context.config();
  const { threads, ...vision } = visionOptions(config);
  const pairs = parsePairs(await readList(options.pairs, 'pairs_unreadable'), options.pairs);
  await checkRoot(options.root);
  const dotProduct = await readDotProduct();
  context.print(
    dotProduct === null
      ? 'This processor has no instructions for products of 8-bit numbers.'
      : `This processor has ${dotProduct} for products of 8-bit numbers.`,
  );
  const steps = showSteps();
  try {
    const result = await makeVariant({
      pipeline: {
        ...vision,
        modelsDir: await modelsDirOf(context, options),
        pack,
        pad: 'off',
        maxSidePx: commandSidePx,
        minFacePx: options.minFace ?? defaultMinFacePx,
        threads: threads === 'auto' ? planThreads(await readCores()).threads : threads,
      },
      pairs,
      root: options.root,
      face: options.face,
      bound: options.bound,
      anyway: options.anyway === true,
      mostWeight: dotProduct === null ? 63 : 127,
      unsigned: process.arch === 'x64',
      signal: context.signal,
      report: (step) => steps.report(step),
    });
    const { ms } = result;
    context.print(
      `One face: ${ms.exact.toFixed(1)} ms in float32, ${ms.variant.toFixed(1)} ms in int8 (${(ms.exact / ms.variant).toFixed(2)} times as fast).`,
    );
    if (result.state !== 'slower') {
      const { exact, variant } = result;
      context.print(
        `Accuracy: ${rate(exact.accuracy)} in float32, ${rate(variant.accuracy)} in int8. ` +
          `FNMR at FMR 0.1 %: ${rate(exact.fnmr_at_fmr['0.001'])} and ${rate(variant.fnmr_at_fmr['0.001'])}.`,
      );
    }
    context.print(verdicts[result.state](result.name, options.bound));
    if (result.state !== 'kept') context.exitCode(1);
  } finally {
    steps.done();
  }
}

const verdicts = {
  kept: (name: string) =>
    `Made ${name}. Use it with vision.pack: ${name}, and make the templates anew with \`muster gallery rebuild <folder>\`.`,
  slower: () =>
    'Nothing was kept: int8 is not faster here. Keep the pack as it is; --anyway measures the accuracy too, and keeps it if that is within the bound.',
  worse: (_name: string, bound: number) =>
    `Nothing was kept: that is more than the bound of ${(bound * 100).toFixed(2)} %. Keep the pack as it is, or allow more with --bound.`,
  unknown: () =>
    'Nothing was kept: the pairs are too few to tell the accuracy. Each of ten folds needs a mated and a non-mated pair.',
};
