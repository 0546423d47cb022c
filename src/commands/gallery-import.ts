import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import type { SubjectId, Template } from '../gallery/contract.ts';
import type { SubjectEnrolment } from '../gallery/enroll.ts';
import { countOf } from '../lib/count-of.ts';
import { groupBy } from '../lib/group-by.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import type { CommandContext } from './context.ts';
import { openGallery } from './open-gallery.ts';
import { remark } from './vision-options.ts';

/** Comparing so many with each other takes 20 s and more, growing with the square. */
const manyTemplates = 20_000;

/** `muster gallery import`: templates of a file, judged as those of photos are. */
export function addImport(gallery: Command, context: CommandContext): void {
  gallery
    .command('import')
    .description('take the templates of an exported file into the gallery')
    .argument('<file>', 'a document as muster gallery export writes it')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
The file must have been made with the models in use. A subject that is already in the gallery gets the templates of the
file in place of its own; other subjects stay.

A doubtful template is pointed out, as muster enroll does: one that is unlike the subject's others, much like another
subject, or enrolled under another name as well. With gallery.audit: refuse it is not taken; a subject that would get none
keeps its own. All are compared for that, with each other too: 10,000 take seconds, 50,000 minutes.

JSON: {"gallery", "revision", "templates", "subjects", "refused": [{"subject", "template", "code", "message"}],
"warnings": [{"code", "subject", "n", "other", "similarity"}]}. Templates and subjects are counted
as they were in the file. The revision is null when nothing was written.

The exit status is 1 when a subject got no template.

Examples:
  muster gallery import backup.json`,
    )
    .action((file: string, { json }: { json?: boolean }) => importTemplates(file, json === true, context));
}

async function importTemplates(file: string, json: boolean, context: CommandContext): Promise<void> {
  const config = await context.config();
  const { vision } = config;
  const [
    { doubtWords, writeEnrolment },
    { enrolmentRules },
    { parseTemplates },
    { loadPack },
    { fingerprintOf },
    { visionOptions },
  ] = await Promise.all([
    import('../gallery/enroll.ts'),
    import('../gallery/rules.ts'),
    import('../gallery/template-file.ts'),
    import('../models/load.ts'),
    import('../vision/fingerprint.ts'),
    import('../vision/options.ts'),
  ]);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new MusterError('file_unreadable', `${file} can't be read: ${messageOf(error)}`, { cause: error });
  });
  const pack = await loadPack(visionOptions({ vision }).modelsDir, vision.pack);
  const models = { fingerprint: fingerprintOf(pack, vision.flip), dimension: pack.dimension };
  const { templates } = parseTemplates(text, file, models.fingerprint);
  const { name, store } = await openGallery(context, models);
  if (templates.length >= manyTemplates)
    remark(`${templates.length} templates are compared with each other: this may take minutes`);
  const { revision, enrolments, warnings } = await writeEnrolment(
    store,
    await store.load(),
    enrolmentsOf(templates),
    { mode: 'subject', dryRun: false, rules: enrolmentRules(config, pack) },
  );

  if (enrolments.some((each) => each.templates.length === 0)) context.exitCode(1);
  const refused = enrolments.flatMap((each) =>
    each.refused.map(({ file: template, code, message }) => ({
      subject: each.subject,
      template,
      code,
      message,
    })),
  );
  if (json) {
    context.print(
      JSON.stringify({
        gallery: name,
        revision,
        templates: templates.length,
        subjects: enrolments.length,
        refused,
        warnings: warnings.map(({ code, subject, n, other, similarity }) => ({
          code,
          subject,
          n,
          other,
          similarity,
        })),
      }),
    );
    return;
  }
  for (const { template, message } of refused) remark(`template ${template}: refused, it ${message}`);
  // Those of refused templates are told with the template.
  if (config.gallery.audit === 'warn')
    for (const warning of warnings) remark(`template ${warning.file}: it ${doubtWords(warning)}`);
  const taken = enrolments.filter((each) => each.templates.length > 0);
  const count = taken.reduce((sum, each) => sum + each.templates.length, 0);
  context.print(
    revision === null
      ? `nothing was written; gallery ${name} is as it was`
      : `${countOf(count, 'template')} of ${countOf(taken.length, 'subject')} taken in; gallery ${name}, revision ${revision}`,
  );
}

/** Each template in the place of a photo, named `<subject>/<n>`. What its photo was like is not known. */
function enrolmentsOf(templates: readonly Template[]): readonly SubjectEnrolment[] {
  const bySubject: ReadonlyMap<SubjectId, readonly Template[]> = groupBy(templates, ({ subject }) => subject);
  return Array.from(bySubject, ([subject, own]) => ({
    subject,
    name: subject,
    photos: own.length,
    templates: own.map((template) => ({
      ...template,
      file: `${subject}/${template.n}`,
      gate: null,
    })),
    refused: [],
  }));
}
