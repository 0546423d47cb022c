import { InvalidArgumentError } from 'commander';
import { writeFile } from 'node:fs/promises';
import type { Calibration } from '../calibrate/contract.ts';
import { minFacePx } from '../config/derived.ts';
import type { FaceChoice } from '../evaluate/face.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { openGallery } from './open-gallery.ts';
import { withReferencePhotos } from './reference-photos.ts';
import { faceOption, minFaceOption, remark, withVision } from './vision-options.ts';
import { wholeNumber } from './option-values.ts';

interface CalibrateOptions {
  readonly fmr: number;
  readonly gallerySize?: number;
  readonly face: FaceChoice;
  readonly minFace?: number;
  readonly out: string;
  readonly json?: boolean;
}

/** The same photos give the same report. */
const seed = 19_795;

export const defineCalibrate: DefineVerb = (verb, context) => {
  verb
    .argument('<folder>', 'folder with a sub-folder of photos for each person, as for muster enroll')
    .option('--fmr <rate>', 'false match rate to meet, such as 1e-4 (up to 0.05)', rateOf, 1e-4)
    .option(
      '--gallery-size <people>',
      'people that will be enrolled (default: those of the gallery now, or of the folder)',
      wholeNumber(1, 1_000_000),
    )
    .addOption(faceOption('largest'))
    .addOption(minFaceOption('default vision.min_face_px of the config'))
    .option('--out <file>', 'the report; - for standard output', 'calibration.html')
    .option('--json', 'print the figures as one JSON document, and write no report')
    .addHelpText(
      'after',
      `
Every photo is seen as the station would see it, with its gates; all are compared with all. The report is one HTML file: the
recommendation as a patch for station.yaml and for config/desired, FMR and FNMR by threshold, searches of galleries up to the size
asked for, the similarities, people who are easily confused or hardly recognised, photos that look mislabelled, and photos of no
use. It says plainly where the photos can't support the FMR. Intervals are of 95 %, by drawing people with replacement.

It takes two people with a photo each at the least, and one with two; a few hundred people with three photos each, taken at the
door on several days, give figures to rely on. The report names people as their folders do, and shows no photo.

The exit status is 1 when the photos can't support the FMR that was wished for.

Examples:
  muster calibrate people
  muster calibrate people --fmr 1e-3 --gallery-size 500 --out site.html
  muster --config station.yaml calibrate people --json`,
    )
    .action((folder: string, options: CalibrateOptions) => calibrateCommand(folder, options, context));
};

async function calibrateCommand(
  folder: string,
  options: CalibrateOptions,
  context: CommandContext,
): Promise<void> {
  const config = await context.config();
  const [{ calibrate }, { enrolmentRules }, { seededRandom }, { systemClock }] = await Promise.all([
    import('../calibrate/calibrate.ts'),
    import('../gallery/rules.ts'),
    import('../lib/random.ts'),
    import('../lib/clock.ts'),
  ]);
  const { collected, info } = await collect(folder, options, context);
  const { people } = collected;
  const usable = people.subjects - people.fte;
  if (usable < 2 || people.subjects_with_several < 1) {
    throw new MusterError(
      'calibration_impossible',
      `${folder} has usable photos of ${usable} people, and of ${people.subjects_with_several} more than one`,
      {
        remedy:
          'It takes photos of two people or more, and two or more photos of some; muster detect --gates tells why a photo is of no use.',
      },
    );
  }
  const calibration = calibrate(collected, {
    fingerprint: info.fingerprint,
    fmr: options.fmr,
    gallerySize: options.gallerySize ?? ((await enrolledNow(context)) || usable),
    present: { threshold: enrolmentRules(config, info).threshold, margin: config.decision.margin },
    random: seededRandom(seed),
  });
  if (3 / options.fmr > calibration.comparisons.pairs_of_people) context.exitCode(1);
  if (options.json === true) {
    context.print(JSON.stringify(calibration));
    return;
  }
  const { calibrationPage } = await import('../calibrate/page.ts');
  const page = calibrationPage(calibration, systemClock.now());
  if (options.out === '-') {
    context.print(page);
    return;
  }
  // It names people: for its owner's eyes only.
  await writeFile(options.out, page, { mode: 0o600 }).catch((error: unknown) => {
    throw new MusterError('report_unwritable', `${options.out} can't be written: ${messageOf(error)}`, {
      remedy: 'Give another file with --out.',
      cause: error,
    });
  });
  for (const warning of calibration.warnings) remark(warning);
  context.print(await summary(calibration, options.out));
}

async function collect(folder: string, options: CalibrateOptions, context: CommandContext) {
  const config = await context.config();
  const [{ collectPhotos }, { readReferenceFolder }, { enrolmentRules }] = await Promise.all([
    import('../calibrate/photos.ts'),
    import('../gallery/reference-photos.ts'),
    import('../gallery/rules.ts'),
  ]);
  const { subjects, refusedNames } = await readReferenceFolder(folder);
  for (const { name, message } of refusedNames) remark(`${name}: passed over, ${message}`);
  const overrides = {
    minFacePx: options.minFace ?? minFacePx(config.vision),
    maxSidePx: config.vision.max_side_px,
  };
  return withVision(context, overrides, async (vision, info) => {
    const { gateOf } = enrolmentRules(config, info);
    const collected = await withReferencePhotos(context, { folder, subjects, vision }, (analyse) =>
      collectPhotos(subjects, analyse, { face: options.face, gateOf }),
    );
    return { collected, info };
  });
}

/** People in the station's gallery; 0 where it has none, or can't be read with these models. */
async function enrolledNow(context: CommandContext): Promise<number> {
  const { store } = await openGallery(context);
  return store.load().then(
    ({ subjects }) => subjects,
    () => 0,
  );
}

async function summary(
  { patch, threshold, fnmr, margin, searches, gallery_size }: Calibration,
  out: string,
): Promise<string> {
  const [{ rateWords, span }, { yamlPatch }] = await Promise.all([
    import('../calibrate/words.ts'),
    import('../calibrate/patch.ts'),
  ]);
  const asked = searches.find(({ size }) => size === gallery_size);
  const fpir =
    asked?.simulated == null
      ? `about ${rateWords(asked?.estimated_fpir ?? 0)} (estimated)`
      : `${rateWords(asked.simulated.fpir.value)} (simulated)`;
  return [
    `threshold ${threshold.value.toFixed(4)} (${span(threshold, 3)}), margin ${margin.value} (${span(margin, 2)})`,
    `FNMR ${rateWords(fnmr.value)}; FPIR in a gallery of ${gallery_size}: ${fpir}`,
    `report: ${out}; for station.yaml:`,
    yamlPatch({ patch }).trimEnd(),
  ].join('\n');
}

function rateOf(text: string): number {
  const rate = Number(text);
  if (!(rate > 0 && rate <= 0.05))
    throw new InvalidArgumentError('It must be a rate above 0, and 0.05 at the most.');
  return rate;
}
