import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { enroll } from './enroll.ts';
import { openGallery } from './open-gallery.ts';
import { minFaceOption } from './vision-options.ts';

interface RebuildOptions {
  readonly minFace?: number;
  readonly dropMissing?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `muster gallery rebuild`: the gallery anew, for the models of the config. */
export function addRebuild(gallery: Command, context: CommandContext): void {
  gallery
    .command('rebuild')
    .description('make all templates anew from reference photos, after a change of the models')
    .argument('<folder>', 'folder of reference photos, as muster enroll takes it')
    .addOption(minFaceOption('default vision.min_face_px of the config'))
    .option('--drop-missing', 'leave out subjects of the gallery of whom the folder has no usable photo')
    .option('--dry-run', 'change nothing, only say what would become of the photos')
    .option('--json', 'print one JSON document, as muster enroll does')
    .addHelpText(
      'after',
      `
Templates can only be compared with those of the same models, so a station with another vision.pack or vision.flip refuses its
gallery. This makes every template anew with the models of the config and puts them in place of the gallery in one revision. Where a
subject of the gallery would be lost, nothing is written and the subject is named.

Examples:
  muster gallery rebuild people
  MUSTER_VISION__PACK=facenet muster gallery rebuild people --dry-run`,
    )
    .action(async (folder: string, { dropMissing = false, ...options }: RebuildOptions) => {
      const { store } = await openGallery(context);
      const subjects = new Set(Array.from((await store.load()).list(), ({ subject }) => subject));
      await enroll(folder, { ...options, replace: true, keep: dropMissing ? [] : [...subjects] }, context);
    });
}
