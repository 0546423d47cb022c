import { Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComparedPairs, Evaluation, FailedPhoto } from '../evaluate/evaluate.ts';
import type { Pair } from '../evaluate/pairs.ts';
import { MusterError, messageOf } from '../lib/errors.ts';
import type { EmbeddedFace, Embedding } from '../vision/contract.ts';
import type { CommandContext, RegisterCommand } from './context.ts';
import { minFaceOption, remark, withVision } from './vision-options.ts';

interface EvaluateOptions {
  readonly pairs: string;
  readonly root: string;
  readonly face: 'middle' | 'largest';
  readonly minFace?: number;
  readonly json?: boolean;
}

/**
 * Photos of such lists are made around one face that fills a third of them: at 70, all 1,583 faces of a part of LFW
 * (250×250 px, faces from 59 px) are found. A smaller value finds the same ones and more bystanders.
 */
const defaultMinFacePx = 70;

export const registerEvaluate: RegisterCommand = (program, context) => {
  program
    .command('evaluate')
    .description('measure the accuracy of face verification on labelled pairs of photos')
    .requiredOption('--pairs <csv>', 'list of pairs with the head line fileA,fileB,same; same is 1 or 0')
    .requiredOption('--root <folder>', 'folder that the paths in the list start from')
    .addOption(
      new Option('--face <which>', 'which face of a photo counts: the one nearest its middle, or the largest')
        .choices(['middle', 'largest'])
        .default('middle'),
    )
    .addOption(minFaceOption(`default ${defaultMinFacePx}`))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Accuracy follows the protocol of LFW: ten folds, each judged at the threshold that is best for the other nine. The
list may name the folds in a column fold; else each gets an equal share of mated and of non-mated pairs, in the order
of the list. The other figures are over all pairs at once, in the terms of ISO/IEC 19795-1: two photos match when
their similarity is at or above the threshold; FNMR at FMR x is at the smallest threshold whose FMR is not above x.

fta counts the pairs that could not be compared because no face was found in a photo, or it can't be read. They are
in no other figure: an accuracy with an fta above 0 is that of the remaining pairs.

JSON: {"pairs", "mated", "non_mated", "photos", "fta", "accuracy", "accuracy_std", "accuracy_threshold", "eer",
"eer_threshold", "auc", "fnmr_at_fmr": {"0.01", "0.001"}, "threshold_at_fmr": {"0.01", "0.001"}, "failed": [{"file",
"code", "message"}]}. Rates are 0 to 1, thresholds are similarities; null where there are too few pairs to tell.

The exit status is 1 when no figure could be computed.

Examples:
  muster evaluate --pairs pairs.csv --root photos
  muster evaluate --pairs pairs.csv --root photos --face largest --json`,
    )
    .action((options: EvaluateOptions) => evaluateCommand(options, context));
};

async function evaluateCommand(options: EvaluateOptions, context: CommandContext): Promise<void> {
  const [{ parsePairs }, { evaluate }] = await Promise.all([
    import('../evaluate/pairs.ts'),
    import('../evaluate/evaluate.ts'),
  ]);
  const text = await readFile(options.pairs, 'utf8').catch((error: unknown) => {
    throw new MusterError('pairs_unreadable', `${options.pairs} can't be read: ${messageOf(error)}`, {
      cause: error,
    });
  });
  const evaluation = evaluate(await compare(parsePairs(text, options.pairs), options, context));
  if (evaluation.auc === null) context.exitCode(1);
  if (options.json === true) {
    context.print(JSON.stringify(evaluation));
    return;
  }
  for (const { file, message } of evaluation.failed) remark(`${file}: ${message}`);
  context.print(await tableOf(evaluation));
}

async function compare(
  pairs: readonly Pair[],
  options: EvaluateOptions,
  context: CommandContext,
): Promise<ComparedPairs> {
  const [{ comparePairs, photosOf }, { analysePhoto }, { createProgress }] = await Promise.all([
    import('../evaluate/evaluate.ts'),
    import('../gallery/photo.ts'),
    import('../lib/progress.ts'),
  ]);
  return withVision(context, { minFacePx: options.minFace ?? defaultMinFacePx }, async (vision) => {
    const progress = createProgress('photos', { total: photosOf(pairs).length });
    const embed = async (file: string): Promise<Embedding | FailedPhoto> => {
      context.signal.throwIfAborted();
      const result = await analysePhoto(vision, join(options.root, file));
      progress.advance();
      if (!result.ok) return { file, code: result.failure, message: result.message };
      const face = options.face === 'largest' ? result.faces[0] : middleFace(result);
      return face?.embedding ?? { file, code: 'no_face', message: 'no face was found' };
    };
    try {
      return await comparePairs(pairs, embed);
    } finally {
      progress.done();
    }
  });
}

/** The face whose box has its centre nearest to the centre of the photo. */
function middleFace(photo: {
  readonly width: number;
  readonly height: number;
  readonly faces: readonly EmbeddedFace[];
}): EmbeddedFace | undefined {
  const offCentre = ({ box: [x1, y1, x2, y2] }: EmbeddedFace) =>
    Math.hypot((x1 + x2 - photo.width) / 2, (y1 + y2 - photo.height) / 2);
  return photo.faces.toSorted((a, b) => offCentre(a) - offCentre(b))[0];
}

async function tableOf(evaluation: Evaluation): Promise<string> {
  const { table } = await import('../lib/table.ts');
  const { accuracy_std, fnmr_at_fmr, threshold_at_fmr } = evaluation;
  const spread = accuracy_std === null ? '' : ` ± ${(accuracy_std * 100).toFixed(2)}`;
  return table(
    ['measure', 'value', 'threshold (similarity)'],
    [
      ['photos', `${evaluation.photos}`, ''],
      ['pairs', `${evaluation.pairs}`, ''],
      ['mated pairs compared', `${evaluation.mated}`, ''],
      ['non-mated pairs compared', `${evaluation.non_mated}`, ''],
      ['pairs not compared (fta)', `${evaluation.fta}`, ''],
      [
        'accuracy, ten folds',
        `${rate(evaluation.accuracy)}${spread}`,
        similarity(evaluation.accuracy_threshold),
      ],
      ['equal error rate', rate(evaluation.eer), similarity(evaluation.eer_threshold)],
      ['area under the curve', evaluation.auc?.toFixed(5) ?? 'too few pairs', ''],
      ['FNMR at FMR 1 %', rate(fnmr_at_fmr['0.01']), similarity(threshold_at_fmr['0.01'])],
      ['FNMR at FMR 0.1 %', rate(fnmr_at_fmr['0.001']), similarity(threshold_at_fmr['0.001'])],
    ],
  );
}

function rate(value: number | null): string {
  return value === null ? 'too few pairs' : `${(value * 100).toFixed(2)} %`;
}

function similarity(value: number | null): string {
  return value?.toFixed(4) ?? '';
}
