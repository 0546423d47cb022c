import type { Command } from 'commander';
import { writeFile } from 'node:fs/promises';
import type { SubjectId } from '../gallery/contract.ts';
import { MusterError, messageOf } from '../lib/errors.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { addAudit } from './gallery-audit.ts';
import { addImport } from './gallery-import.ts';
import { addPublishing } from './gallery-publish.ts';
import { addRebuild } from './gallery-rebuild.ts';
import { addRekey } from './gallery-rekey.ts';
import { openGallery } from './open-gallery.ts';
import { remark } from './vision-options.ts';
import { countOf } from '../lib/count-of.ts';

export const defineGallery: DefineVerb = (verb, context) => {
  verb.addHelpText(
    'after',
    `
The gallery is the one that the config names, in <data_dir>/gallery/<gallery.name>. Each change is a revision of its
own, which a running station takes up by itself. People are added with muster enroll.

Examples:
  muster gallery list
  muster gallery audit
  muster gallery remove s-7f3a
  muster gallery export backup.json
  muster gallery import backup.json
  muster gallery rebuild people
  muster gallery publish --key gallery.key`,
  );
  for (const add of [addList, addAudit, addRemove, addExport, addImport, addPublishing, addRekey, addRebuild])
    add(verb, context);
};

function addList(gallery: Command, context: CommandContext): void {
  gallery
    .command('list')
    .description('list the subjects and how many templates each has')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
JSON: {"gallery", "revision", "fingerprint", "dimension", "digest", "templates", "subjects": [{"subject", "templates"}]}.

Examples:
  muster gallery list
  muster gallery list --json`,
    )
    .action(async ({ json }: { json?: boolean }) => {
      const { name, store } = await openGallery(context);
      const loaded = await store.load();
      const { revision, fingerprint, dimension, digest, templates } = loaded;
      const counts = new Map<SubjectId, number>();
      for (const { subject } of loaded.list()) counts.set(subject, (counts.get(subject) ?? 0) + 1);
      const subjects = Array.from(counts, ([subject, count]) => ({ subject, templates: count }));
      if (json === true) {
        context.print(
          JSON.stringify({ gallery: name, revision, fingerprint, dimension, digest, templates, subjects }),
        );
        return;
      }
      const { table } = await import('../lib/table.ts');
      if (subjects.length > 0) {
        const rows = subjects.map((each) => [each.subject, each.templates]);
        context.print(`${table(['subject', 'templates'], rows)}\n`);
      }
      const made = fingerprint === '' ? '' : `, made with ${fingerprint}`;
      context.print(
        `gallery ${name}, revision ${revision}: ${countOf(templates, 'template')} of ${countOf(subjects.length, 'subject')}${made}`,
      );
    });
}

function addRemove(gallery: Command, context: CommandContext): void {
  gallery
    .command('remove')
    .description('remove subjects with all their templates')
    .argument('<subject...>', 'ids of subjects')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
JSON: {"gallery", "revision", "removed": [subject], "unknown": [subject]}.

The exit status is 1 when a subject is not in the gallery; the others are removed all the same. The two revisions before
stay on disk until further changes have pushed them out.

Examples:
  muster gallery remove s-7f3a
  muster gallery remove s-7f3a s-81c2 --json`,
    )
    .action(async (ids: string[], { json }: { json?: boolean }) => {
      const { name, store } = await openGallery(context);
      let removed: SubjectId[] = [];
      const { revision } = await store.apply((base) => {
        const there = new Set(Array.from(base.list(), ({ subject }) => subject));
        removed = [...there].filter((subject) => ids.includes(subject));
        return { remove: removed };
      });
      const unknown = ids.filter((id) => !removed.some((subject) => subject === id));
      if (unknown.length > 0) context.exitCode(1);
      if (json === true) {
        context.print(JSON.stringify({ gallery: name, revision, removed, unknown }));
        return;
      }
      for (const id of unknown) remark(`${id} is not in the gallery`);
      context.print(`${removed.length} subjects removed; gallery ${name}, revision ${revision}`);
    });
}

function addExport(gallery: Command, context: CommandContext): void {
  gallery
    .command('export')
    .description('write the templates to a file, or to standard output')
    .argument('[file]', 'file to write; without it the document goes to standard output')
    .option(
      '--subject <id>',
      'only this subject; may be given several times',
      (id, ids: string[]) => [...ids, id],
      [],
    )
    .addHelpText(
      'after',
      `
The document is JSON: {"schema": "muster-gallery/1", "fingerprint", "dimension", "templates": [{"subject", "n",
"embedding"}]}. Its numbers give the templates back to the bit. It is biometric data: keep it as such.

Examples:
  muster gallery export backup.json
  muster gallery export --subject s-7f3a > s-7f3a.json`,
    )
    .action(async (file: string | undefined, { subject: ids }: { subject: string[] }) => {
      const { name, store } = await openGallery(context);
      const { formatTemplates } = await import('../gallery/template-file.ts');
      const loaded = await store.load();
      const { fingerprint, dimension } = loaded;
      const templates = [...loaded.list()].filter(({ subject }) => ids.length === 0 || ids.includes(subject));
      const unknown = ids.find((id) => !templates.some(({ subject }) => subject === id));
      if (unknown !== undefined)
        throw new MusterError('subject_unknown', `${unknown} is not in the gallery ${name}`);
      if (templates.length === 0) throw new MusterError('gallery_empty', `the gallery ${name} is empty`);
      const text = formatTemplates({ fingerprint, dimension, templates });
      if (file === undefined) {
        context.print(text.trimEnd());
        return;
      }
      await writeFile(file, text, { mode: 0o600 }).catch((error: unknown) => {
        throw new MusterError('file_unwritable', `${file} can't be written: ${messageOf(error)}`, {
          cause: error,
        });
      });
      remark(`${templates.length} templates written to ${file}`);
    });
}
