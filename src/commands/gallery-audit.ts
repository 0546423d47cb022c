import type { Command } from 'commander';
import type { AuditFinding } from '../gallery/audit.ts';
import type { EnrolledTemplate } from '../gallery/enroll.ts';
import type { CommandContext } from './context.ts';
import { openGallery } from './open-gallery.ts';
import { withReferencePhotos } from './reference-photos.ts';
import { withVision } from './vision-options.ts';
import { countOf } from '../lib/count-of.ts';

interface AuditOptions {
  readonly photos?: string;
  readonly json?: boolean;
}

/** A photo of `--photos` that fails a gate. */
type PoorPhoto = Pick<EnrolledTemplate, 'subject' | 'file' | 'gate'>;

export function addAudit(gallery: Command, context: CommandContext): void {
  gallery
    .command('audit')
    .description('look for templates of the wrong person, doubled photos and poor quality')
    .option('--photos <folder>', 'the reference photos, as for muster enroll: their quality is looked at too')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
  duplicate    the same photo is enrolled under two subjects
  like_other   two subjects so alike that they may be one person: a third of the way from the threshold to 1, or more
  unlike_own   a template that none of the subject's others matches: probably another person's face
  low_quality  a photo of --photos fails a gate of the station; templates don't keep the quality of their photo
  single       the subject has one template only: no fault, but two or three recognise people better

JSON: {"gallery", "revision", "subjects", "templates", "threshold", "findings": [{"code", "subject", "n", "other",
"similarity"}], "poor_photos": [{"subject", "file", "gate"}]}.

The exit status is 1 when there is something to look at; subjects with a single template don't count.

Examples:
  muster gallery audit
  muster gallery audit --photos people --json`,
    )
    .action((options: AuditOptions) => audit(options, context));
}

async function audit({ photos, json }: AuditOptions, context: CommandContext): Promise<void> {
  const config = await context.config();
  const [{ auditTemplates, isWarning }, { enrolmentRules }, { loadPack }, { visionOptions }] =
    await Promise.all([
      import('../gallery/audit.ts'),
      import('../gallery/rules.ts'),
      import('../models/load.ts'),
      import('../vision/options.ts'),
    ]);
  const pack = await loadPack(visionOptions(config).modelsDir, config.vision.pack);
  const { threshold } = enrolmentRules(config, pack);
  const { name, store } = await openGallery(context);
  const loaded = await store.load();
  const findings = auditTemplates(loaded.list(), threshold);
  const poor = photos === undefined ? [] : await poorPhotos(photos, context);
  if (poor.length > 0 || findings.some(isWarning)) context.exitCode(1);
  const { revision, subjects, templates } = loaded;
  if (json === true) {
    const facts = { gallery: name, revision, subjects, templates, threshold };
    context.print(JSON.stringify({ ...facts, findings, poor_photos: poor }));
    return;
  }
  const rows = [...findings.filter(isWarning).map(rowOf), ...poor.map(rowOfPhoto)];
  if (rows.length > 0) {
    const { table } = await import('../lib/table.ts');
    context.print(`${table(['finding', 'subject', 'template', 'about', 'similarity'], rows)}\n`);
  }
  const singles = findings.length - findings.filter(isWarning).length;
  context.print(
    `gallery ${name}, revision ${revision}: ${countOf(templates, 'template')} of ${countOf(subjects, 'subject')}, ${rows.length} to look at, ${countOf(singles, 'subject')} with a single template`,
  );
}

/** The photos of a folder that a station would reject, whatever else is said of them. */
async function poorPhotos(folder: string, context: CommandContext): Promise<PoorPhoto[]> {
  const config = await context.config();
  const [{ enrolSubject }, { readReferenceFolder }, { enrolmentRules }] = await Promise.all([
    import('../gallery/enroll.ts'),
    import('../gallery/reference-photos.ts'),
    import('../gallery/rules.ts'),
  ]);
  const { subjects } = await readReferenceFolder(folder);
  return withVision(context, {}, (vision, info) =>
    withReferencePhotos(context, { folder, subjects, vision }, async (analyse) => {
      const rules = enrolmentRules(config, info);
      const poor: PoorPhoto[] = [];
      for (const each of subjects) {
        const { templates } = await enrolSubject(each, analyse, rules);
        const failing = templates.filter(({ gate }) => gate !== null);
        poor.push(...failing.map(({ subject, file, gate }) => ({ subject, file, gate })));
      }
      return poor;
    }),
  );
}

function rowOf({ code, subject, n, other, similarity }: AuditFinding): string[] {
  return [code, subject, `${n}`, other ?? '', similarity?.toFixed(3) ?? ''];
}

function rowOfPhoto({ subject, file, gate }: PoorPhoto): string[] {
  return ['low_quality', subject, file, `gate ${gate ?? ''}`, ''];
}
