import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { openGallery } from './open-gallery.ts';

/** The verb that changes the key of the gallery on this disk. */
export function addRekey(gallery: Command, context: CommandContext): void {
  gallery
    .command('rekey')
    .description('write the gallery on this disk anew, with the key that the config names now')
    .option(
      '--old-key <file>',
      'the key that it is encrypted with; without it only plain files are encrypted',
    )
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Set gallery.encryption_key_file to the new key, run this, and start the station again. Without a key in the config the
gallery is written in the clear. Every revision that is kept is written, one file after the other; interrupted, run it
again.

JSON: {"gallery", "files", "encrypted"}: how many files were written, and whether they are encrypted.

Examples:
  muster gallery rekey --old-key keys/old.aes`,
    )
    .action(async ({ oldKey, json }: { oldKey?: string; json?: boolean }) => {
      const { readEncryptionKey } = await import('../gallery/sync/keys.ts');
      const old = oldKey === undefined ? null : await readEncryptionKey(oldKey);
      const { name, store } = await openGallery(context);
      const files = await store.rekey(old);
      const encrypted = (await context.config()).gallery.encryption_key_file !== null;
      // Says at once where neither of the keys opens what is there.
      await store.load();
      if (json === true) context.print(JSON.stringify({ gallery: name, files, encrypted }));
      else
        context.print(
          `${files} files of the gallery ${name} were written anew, ${encrypted ? 'encrypted' : 'in the clear'}`,
        );
    });
}
