import { readFile, stat, writeFile } from 'node:fs/promises';
import type { ComparedPairs, Evaluation } from '../evaluate/evaluate.ts';
import type { Pair } from '../evaluate/pairs.ts';
import { MusterError, messageOf } from '../lib/errors.ts';
import type { FaceChoice } from '../evaluate/face.ts';
import type { Interval } from '../evaluate/intervals.ts';
import type { Difference } from '../evaluate/scores-file.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { faceOption, minFaceOption, remark, withVision } from './vision-options.ts';

interface EvaluateOptions {
  readonly pairs: string;
  readonly root: string;
  readonly face: FaceChoice;
  readonly minFace?: number;
  readonly scores?: string;
  readonly against?: string;
  readonly json?: boolean;
}

/**
 * Photos of such lists are made around one face that fills a third of them: at 70, all 1,583 faces of a part of LFW
 * (250×250 px, faces from 59 px) are found. A smaller value finds the same ones and more bystanders.
 */
export const defaultMinFacePx = 70;

export const defineEvaluate: DefineVerb = (verb, context) => {
  verb
    .requiredOption('--pairs <csv>', 'list of pairs with the head line fileA,fileB,same; same is 1 or 0')
    .requiredOption('--root <folder>', 'folder that the paths in the list start from')
    .addOption(faceOption('middle'))
    .addOption(minFaceOption(`default ${defaultMinFacePx}`))
    .option('--scores <csv>', 'write the similarity of each pair to this file')
    .option('--against <csv>', 'compare with another run over the same list, of which --scores was kept')
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

Behind accuracy and FNMR stand their 95 % confidence intervals (Wilson), which take the pairs as independent. --against tells
how many pairs only this run, and only the other, decides rightly, each at its own best threshold, and how probable a difference as
large is by chance (McNemar's exact test).

JSON: {"pairs", "mated", "non_mated", "photos", "fta", "accuracy", "accuracy_std", "accuracy_interval",
"accuracy_threshold", "eer", "eer_threshold", "auc", "fnmr_at_fmr": {"0.01", "0.001"}, "fnmr_interval_at_fmr", "threshold_at_fmr",
"failed": [{"file", "code", "message"}], "against": null or {"pairs", "better", "worse", "p"}}. Rates are 0 to 1, thresholds are similarities; null where there are too few pairs to tell.

The exit status is 1 when no figure could be computed.

Examples:
  muster evaluate --pairs pairs.csv --root photos
  muster evaluate --pairs pairs.csv --root photos --face largest --json
  muster evaluate --pairs pairs.csv --root photos --scores with.csv
  MUSTER_VISION__FLIP=false muster evaluate --pairs pairs.csv --root photos --against with.csv`,
    )
    .action((options: EvaluateOptions) => evaluateCommand(options, context));
};

async function evaluateCommand(options: EvaluateOptions, context: CommandContext): Promise<void> {
  const [{ parsePairs }, { evaluate }, { formatScores, differenceFrom }] = await Promise.all([
    import('../evaluate/pairs.ts'),
    import('../evaluate/evaluate.ts'),
    import('../evaluate/scores-file.ts'),
  ]);
  const pairs = parsePairs(await readList(options.pairs, 'pairs_unreadable'), options.pairs);
  await checkRoot(options.root);
  // Before the photos: nobody should wait for them to learn of a wrong name.
  const other = options.against === undefined ? null : await readList(options.against, 'scores_unreadable');
  const compared = await compare(pairs, options, context);
  const evaluation = evaluate(compared);
  const against = other === null ? null : differenceFrom(compared.comparisons, other, options.against ?? '');
  if (options.scores !== undefined) await writeScores(options.scores, formatScores(compared.comparisons));
  if (evaluation.auc === null) context.exitCode(1);
  if (options.json === true) {
    context.print(JSON.stringify({ ...evaluation, against }));
    return;
  }
  for (const { file, message } of evaluation.failed) remark(`${file}: ${message}`);
  context.print(await tableOf(evaluation));
  if (against !== null) context.print(`\n${differenceWords(against)}`);
}

export async function readList(file: string, code: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new MusterError(code, `${file} can't be read: ${messageOf(error)}`, { cause: error });
  });
}

/** Throws MusterError `root_unreadable` unless `root` is a folder: else each photo of the list would fail by itself. */
export async function checkRoot(root: string): Promise<void> {
  const reason = await stat(root).then(
    (found) => (found.isDirectory() ? null : 'it is no folder'),
    messageOf,
  );
  if (reason === null) return;
  throw new MusterError('root_unreadable', `--root ${root} can't be read: ${reason}`, {
    remedy: 'Give the folder that the paths in the list start from.',
  });
}

async function writeScores(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: unknown) => {
    throw new MusterError('file_unwritable', `${file} can't be written: ${messageOf(error)}`, {
      cause: error,
    });
  });
}

function differenceWords({ pairs, better, worse, p }: Difference): string {
  return `of ${pairs} pairs, ${better} are decided rightly by this run only and ${worse} by the other only: p = ${p.toFixed(3)}`;
}

async function compare(
  pairs: readonly Pair[],
  options: EvaluateOptions,
  context: CommandContext,
): Promise<ComparedPairs> {
  const [{ comparePairs, photosOf }, { photoEmbedder }, { createProgress }] = await Promise.all([
    import('../evaluate/evaluate.ts'),
    import('../evaluate/embed-photo.ts'),
    import('../lib/progress.ts'),
  ]);
  return withVision(context, { minFacePx: options.minFace ?? defaultMinFacePx }, async (vision) => {
    const progress = createProgress('photos', { total: photosOf(pairs).length });
    const { signal } = context;
    const advance = () => progress.advance();
    try {
      return await comparePairs(pairs, photoEmbedder(vision, { ...options, signal, advance }));
    } finally {
      progress.done();
    }
  });
}

async function tableOf(evaluation: Evaluation): Promise<string> {
  const { table } = await import('../lib/table.ts');
  const { accuracy_std, fnmr_at_fmr, fnmr_interval_at_fmr, threshold_at_fmr } = evaluation;
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
        `${rate(evaluation.accuracy)}${spread}${between(evaluation.accuracy_interval)}`,
        similarity(evaluation.accuracy_threshold),
      ],
      ['equal error rate', rate(evaluation.eer), similarity(evaluation.eer_threshold)],
      ['area under the curve', evaluation.auc?.toFixed(5) ?? 'too few pairs', ''],
      [
        'FNMR at FMR 1 %',
        `${rate(fnmr_at_fmr['0.01'])}${between(fnmr_interval_at_fmr['0.01'])}`,
        similarity(threshold_at_fmr['0.01']),
      ],
      [
        'FNMR at FMR 0.1 %',
        `${rate(fnmr_at_fmr['0.001'])}${between(fnmr_interval_at_fmr['0.001'])}`,
        similarity(threshold_at_fmr['0.001']),
      ],
    ],
  );
}

export function rate(value: number | null): string {
  return value === null ? 'too few pairs' : `${(value * 100).toFixed(2)} %`;
}

function between(interval: Interval | null): string {
  if (interval === null) return '';
  const [lower, upper] = interval.map((value) => (value * 100).toFixed(2));
  return ` (${lower} to ${upper})`;
}

function similarity(value: number | null): string {
  return value?.toFixed(4) ?? '';
}
