import { Option } from 'commander';
import { minFacePx } from '../config/derived.ts';
import type { SubjectId } from '../gallery/contract.ts';
import type { EnrolmentMode, SubjectEnrolment } from '../gallery/enroll.ts';
import type { ReferenceFolder } from '../gallery/reference-photos.ts';
import type { EnrolmentRules } from '../gallery/rules.ts';
import { MusterError } from '../lib/errors.ts';
import type { Vision } from '../vision/contract.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { openGallery } from './open-gallery.ts';
import { withReferencePhotos } from './reference-photos.ts';
import { minFaceOption, remark, withVision } from './vision-options.ts';
import { countOf } from '../lib/count-of.ts';

export interface EnrollOptions {
  readonly minFace?: number;
  readonly add?: boolean;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  /** With `replace`: nothing is written when one of these would have no template any more. */
  readonly keep?: readonly SubjectId[];
}

export const defineEnroll: DefineVerb = (verb, context) => {
  verb
    .argument('<folder>', 'folder with a sub-folder of photos for each subject, or one photo for each')
    .addOption(minFaceOption('default vision.min_face_px of the config'))
    .addOption(new Option('--add', 'keep the templates that a subject already has').conflicts('replace'))
    .option('--replace', 'replace the whole gallery, also one that was made with other models')
    .option('--dry-run', 'change nothing, only say what would become of the photos')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
The name of the sub-folder, or of the photo without its extension, gives the subject's id: accents are dropped,
letters become lower-case, runs of other characters become one -, and it is cut to 32 characters ("Zoë Müller" becomes
zoe-muller). A name that leaves nothing, and names that give the same id, are refused. Ids appear on MQTT topics: use
pseudonyms such as s-7f3a where names must not.

Each photo must show exactly one face of --min-face or larger; the others are refused and named with the reason. Hidden
files are passed over, files that aren't photos are listed as ignored. All templates are added in one revision of the
gallery; a running station takes it up by itself. A subject that is already there gets the new templates in place of
the old ones, so that enrolling twice gives the same gallery; where all its photos are refused it keeps the old ones.

A doubtful photo is pointed out: one that is unlike the subject's others, much like another subject, enrolled under another
name as well, or of poor quality (it fails a gate of the station). With gallery.audit: refuse it is not taken.

JSON: {"gallery", "revision", "fingerprint", "dry_run", "subjects": [{"subject", "name", "photos", "templates",
"refused": [{"file", "code", "message"}]}], "refused_names": [{"name", "code", "message"}], "ignored": [file],
"warnings": [{"code", "subject", "n", "file", "other", "similarity", "gate"}]}. The revision is null when nothing was written.

The exit status is 1 when a subject got no template.

Examples:
  muster enroll people
  muster enroll people --dry-run
  muster --config station.yaml enroll people --replace --json`,
    )
    .action((folder: string, options: EnrollOptions) => enroll(folder, options, context));
};

/** Enrols the people of a folder with the models of the config, and prints what became of it. */
export async function enroll(folder: string, options: EnrollOptions, context: CommandContext): Promise<void> {
  const config = await context.config();
  const [{ readReferenceFolder }, { writeEnrolment, doubtWords }, { enrolmentRules }] = await Promise.all([
    import('../gallery/reference-photos.ts'),
    import('../gallery/enroll.ts'),
    import('../gallery/rules.ts'),
  ]);
  const reference = await readReferenceFolder(folder);
  const smallest = options.minFace ?? minFacePx(config.vision);
  const mode: EnrolmentMode = options.replace === true ? 'gallery' : options.add === true ? 'add' : 'subject';
  const dryRun = options.dryRun === true;
  const { fingerprint, written } = await withVision(
    context,
    { minFacePx: smallest },
    async (vision, info) => {
      const { store } = await openGallery(context, info);
      // Before the photos, so that a gallery of other models is refused at once.
      const before = mode === 'gallery' ? { list: () => [], digest: '' } : await store.load();
      const rules = enrolmentRules(config, info);
      const made = await takeTemplates(folder, reference, { vision, rules }, context);
      context.signal.throwIfAborted();
      const write = (onlyLook: boolean) =>
        writeEnrolment(store, before, made, { mode, dryRun: onlyLook, rules });
      // As it would be written: doubtful photos may be refused.
      if (options.keep !== undefined) refuseLosses(options.keep, (await write(true)).enrolments);
      return { fingerprint: info.fingerprint, written: await write(dryRun) };
    },
  );
  const { revision, warnings, enrolments } = written;

  const without = enrolments.filter(({ templates }) => templates.length === 0).length;
  if (without + reference.refusedNames.length > 0) context.exitCode(1);
  if (options.json === true) {
    const report = {
      gallery: config.gallery.name,
      revision,
      fingerprint,
      dry_run: dryRun,
      subjects: enrolments.map((each) => ({ ...each, templates: each.templates.length })),
      refused_names: reference.refusedNames,
      ignored: reference.ignored,
      warnings,
    };
    context.print(JSON.stringify(report));
    return;
  }
  remarkOn(reference, enrolments);
  // Those of refused photos are told with the photo.
  if (config.gallery.audit === 'warn')
    for (const warning of warnings) remark(`${warning.file}: ${doubtWords(warning)}`);
  context.print(
    await summary(
      enrolments,
      revision === null ? 'nothing was written' : `gallery ${config.gallery.name}, revision ${revision}`,
    ),
  );
}

/** Throws MusterError `subjects_missing` when a subject that is to stay has got no template. */
function refuseLosses(keep: readonly SubjectId[], made: readonly SubjectEnrolment[]): void {
  const there = new Set(made.filter(({ templates }) => templates.length > 0).map(({ subject }) => subject));
  const lost = keep.filter((subject) => !there.has(subject));
  if (lost.length === 0) return;
  const refused = made.flatMap((each) => each.refused.map(({ file, message }) => `${file}: ${message}`));
  const [named, more] = [lost.slice(0, 5).join(', '), lost.length > 5 ? ` and ${lost.length - 5} more` : ''];
  throw new MusterError(
    'subjects_missing',
    `nothing was written: the gallery has ${named}${more}, and the folder has no usable photo of them${refused.length > 0 ? ` (${refused.slice(0, 5).join('; ')})` : ''}`,
    { remedy: 'Add photos of them, or give --drop-missing to leave them out.' },
  );
}

/** Makes the templates of all photos that are fit for it. */
async function takeTemplates(
  folder: string,
  { subjects }: ReferenceFolder,
  { vision, rules }: { readonly vision: Vision; readonly rules: EnrolmentRules },
  context: CommandContext,
): Promise<readonly SubjectEnrolment[]> {
  const { enrolSubject } = await import('../gallery/enroll.ts');
  return withReferencePhotos(context, { folder, subjects, vision }, async (analyse) => {
    const enrolments: SubjectEnrolment[] = [];
    for (const subject of subjects) enrolments.push(await enrolSubject(subject, analyse, rules));
    return enrolments;
  });
}

function remarkOn({ refusedNames, ignored }: ReferenceFolder, enrolments: readonly SubjectEnrolment[]): void {
  for (const file of ignored) remark(`${file}: ignored, it is not a photo`);
  for (const { name, message } of refusedNames) remark(`${name}: refused, ${message}`);
  for (const { subject, name, photos, refused } of enrolments) {
    if (photos === 0) remark(`${name}: no photo for ${subject}`);
    for (const { file, message } of refused) remark(`${file}: refused, ${message}`);
  }
}

async function summary(enrolments: readonly SubjectEnrolment[], outcome: string): Promise<string> {
  const { table } = await import('../lib/table.ts');
  const rows = enrolments.map(({ subject, name, photos, templates, refused }) => [
    subject,
    name,
    photos,
    templates.length,
    refused.length,
  ]);
  const subjects = enrolments.filter(({ templates }) => templates.length > 0).length;
  const templates = enrolments.reduce((sum, each) => sum + each.templates.length, 0);
  return `${table(['subject', 'name', 'photos', 'templates', 'refused'], rows)}\n\n${countOf(templates, 'template')} of ${countOf(subjects, 'subject')}; ${outcome}`;
}
