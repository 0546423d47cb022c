import { z } from 'zod';

/*
 * A backup is a plain tar file: manifest.json first, then the files that it names. They are those that a station replaces as a whole,
 * so that a copy of each is always one whole state.
 */

export const manifestName = 'manifest.json';
export const settingsName = 'station.yaml';

/** Files of `data_dir` that are in a backup. */
export const stateFiles = ['remote-settings.json', 'tuning.json', 'golden.json'] as const;

/** Files and folders of `data_dir` that a restore puts in the place of those that are there. */
export const stateNames = ['gallery', ...stateFiles] as const;

/** The names that a backup may hold, and no others: nothing else that an archive says is ever used as a path. */
export const filePath =
  /^(?:(?:remote-settings|tuning|golden)\.json|station\.yaml|gallery\/[a-z0-9-]{1,32}\/[0-9]{10,15}\.gallery)$/;

/** Of the name of the folder in which an archive is made, beside its place. */
export const besidePrefix = '.muster-backup-';

export const format = 1;

export const manifestSchema = z.object({
  kind: z.literal('muster-backup'),
  format: z.literal(format),
  /** Version of the Muster that wrote it. */
  muster: z.string().max(100),
  site: z.string().max(100),
  station: z.string().max(100),
  created_at: z.iso.datetime({ precision: 3 }),
  files: z
    .array(
      z.object({
        path: z.string().regex(filePath),
        bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .max(10_000),
});
export type Manifest = z.infer<typeof manifestSchema>;
export type BackupFile = Manifest['files'][number];
