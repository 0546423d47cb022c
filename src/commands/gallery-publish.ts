import type { Command } from 'commander';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Template } from '../gallery/contract.ts';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import { createProgress, type Progress } from '../lib/progress.ts';
import type { CommandContext } from './context.ts';
import { openGallery } from './open-gallery.ts';
import { remark } from './vision-options.ts';
import { wholeNumber } from './option-values.ts';

/** The verbs of a gallery that is published at the broker: keygen, publish, rollback. */
export function addPublishing(gallery: Command, context: CommandContext): void {
  for (const add of [addKeygen, addPublish, addRollback]) add(gallery, context);
}

function addKeygen(gallery: Command, context: CommandContext): void {
  gallery
    .command('keygen')
    .description('make the keys of a published gallery')
    .argument('[folder]', 'where to write them', '.')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Writes gallery.key (private, signs; keep it where you publish, and a copy in a safe place), gallery.pub (public, for the
stations) and gallery.aes (encrypts templates; secret, for both). Files that are there are not written over.

JSON: {"key_id", "public_key", "files": [path]}.

Examples:
  muster gallery keygen keys
  MUSTER_GALLERY__PUBLIC_KEY=<the printed line> muster station`,
    )
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const { generateKeys } = await import('../gallery/sync/keys.ts');
      const { keyId, privatePem, publicPem, publicBase64, encryption } = generateKeys();
      const files = [
        { path: join(folder, 'gallery.key'), text: privatePem, mode: 0o600 },
        { path: join(folder, 'gallery.pub'), text: publicPem, mode: 0o644 },
        { path: join(folder, 'gallery.aes'), text: `${encryption}\n`, mode: 0o600 },
      ];
      await writeNew(folder, files);
      const paths = files.map(({ path }) => path);
      if (json === true) {
        context.print(JSON.stringify({ key_id: keyId, public_key: publicBase64, files: paths }));
        return;
      }
      remark(`key ${keyId} written to ${paths.join(', ')}; stations get this as gallery.public_key:`);
      context.print(publicBase64);
    });
}

interface PublishOptions {
  readonly key: string;
  readonly encryptionKey?: string;
  readonly from?: string;
  readonly name?: string;
  readonly rev?: number;
  readonly json?: boolean;
}

function addPublish(gallery: Command, context: CommandContext): void {
  gallery
    .command('publish')
    .description('publish the gallery at the broker, for the stations of the site')
    .requiredOption('--key <file>', 'private key that signs it, see keygen')
    .option('--encryption-key <file>', 'encrypt the templates; stations need the same key')
    .option('--from <file>', 'a document as muster gallery export writes it, in place of the local gallery')
    .option('--name <name>', 'name of the gallery at the broker; default gallery.name of the config')
    .option(
      '--rev <number>',
      'number of the revision; default the one after the published',
      wholeNumber(1, 0x7fff_ffff),
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Sends what has changed, deletes what is gone, and sends the signed manifest last. Interrupted, run it again: stations keep
their gallery until the new one is whole. The broker is the config's (mqtt.url), where nobody else may
write to muster/1/<site>/gallery/#.

JSON: {"gallery", "rev", "templates", "digest", "fingerprint", "sent", "deleted", "unchanged"}.

Examples:
  muster gallery publish --key keys/gallery.key
  muster gallery publish --key keys/gallery.key --encryption-key keys/gallery.aes --from people.json`,
    )
    .action(async (options: PublishOptions) => {
      const config = await context.config();
      const [
        { publishGallery },
        { readEncryptionKey, readPrivateKey },
        { publisherSessions },
        { galleryTopics },
      ] = await Promise.all([
        import('../gallery/sync/publish.ts'),
        import('../gallery/sync/keys.ts'),
        import('../gallery/sync/publisher-session.ts'),
        import('../broker/topics.ts'),
      ]);
      const { key, open } = await readPrivateKey(options.key);
      if (open) remark(`others than its owner may read ${options.key}: chmod 600 it`);
      const name = await checkedName(options.name ?? config.gallery.name);
      const set = await templatesToPublish(context, options.from);
      let progress: Progress | undefined;
      try {
        const published = await publishGallery({
          ...set,
          open: publisherSessions(config),
          address: { site: config.site, name },
          topics: galleryTopics(config.site, name),
          privateKey: key,
          encryptionKey:
            options.encryptionKey === undefined ? null : await readEncryptionKey(options.encryptionKey),
          rev: options.rev ?? null,
          signal: context.signal,
          onProgress(_, total) {
            progress ??= createProgress('publishing', { total });
            progress.advance();
          },
        });
        if (options.json === true) {
          context.print(JSON.stringify({ gallery: name, ...published }));
          return;
        }
        const { rev, templates, sent, deleted, unchanged } = published;
        context.print(
          `gallery ${name}, rev ${rev}, ${templates} templates: ${sent} sent, ${deleted} deleted, ${unchanged} unchanged`,
        );
      } finally {
        progress?.done();
      }
    });
}

function addRollback(gallery: Command, context: CommandContext): void {
  gallery
    .command('rollback')
    .description('put the set of templates before the present one back')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
A running station takes it up by itself. A station that syncs passes over the published revision until a newer one is
published. Another rollback is refused until then.

JSON: {"gallery", "revision", "templates", "digest"}.

Examples:
  muster gallery rollback`,
    )
    .action(async ({ json }: { json?: boolean }) => {
      const { name, store } = await openGallery(context);
      const { revision, templates, digest } = await store.rollBack();
      if (json === true) context.print(JSON.stringify({ gallery: name, revision, templates, digest }));
      else context.print(`gallery ${name}, back to revision ${revision} with ${templates} templates`);
    });
}

async function templatesToPublish(
  context: CommandContext,
  from: string | undefined,
): Promise<{ templates: readonly Template[]; fingerprint: string; dimension: number }> {
  if (from !== undefined) {
    const { parseTemplates } = await import('../gallery/template-file.ts');
    const text = await readFile(from, 'utf8').catch((error: unknown) => {
      throw new MusterError('file_unreadable', `${from} can't be read: ${messageOf(error)}`, {
        cause: error,
      });
    });
    return parseTemplates(text, from, null);
  }
  const { name, store } = await openGallery(context);
  const loaded = await store.load();
  if (loaded.fingerprint === '') {
    throw new MusterError('gallery_empty', `there is no gallery ${name} here`, {
      remedy: 'Enrol people with `muster enroll <folder>`, or publish an exported gallery with --from.',
    });
  }
  const { fingerprint, dimension } = loaded;
  return { templates: [...loaded.list()], fingerprint, dimension };
}

/** Writes files that must not be there yet; each is readable as its mode says, whatever the umask. */
async function writeNew(
  folder: string,
  files: readonly { readonly path: string; readonly text: string; readonly mode: number }[],
): Promise<void> {
  for (const { path, text, mode } of files) {
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(path, text, { mode, flag: 'wx' });
      await chmod(path, mode);
    } catch (error) {
      const reason = codeOf(error) === 'EEXIST' ? 'it is there already' : messageOf(error);
      throw new MusterError('file_unwritable', `${path} can't be written: ${reason}`, {
        remedy: 'Choose another folder: keys are never written over.',
        cause: error,
      });
    }
  }
}

/** A name is part of topics. */
async function checkedName(name: string): Promise<string> {
  const { isSubjectId } = await import('../gallery/subject.ts');
  if (isSubjectId(name)) return name;
  throw new MusterError(
    'gallery_name',
    `--name ${name}: it must be 1 to 32 of the characters a-z, 0-9 and -`,
  );
}
