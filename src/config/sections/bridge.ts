import { z } from 'zod';
import { choice, decimal, flag, id, optionalText, section, text, whole } from '../kinds.ts';

const group = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/)
  .nullable()
  .default(null)
  .describe(
    'Several bridges of one group share the work (an MQTT 5 shared subscription); each needs a name of its own.',
  )
  .meta({ allowed: '1 to 32 of the characters a-z, 0-9 and -, or null' });

const deadLetters = section('Messages that can not become a point, kept for a person to look at.', {
  path: optionalText('Folder for them, one file each. Null means <data_dir>/dead-letters.'),
  max_files: whole(1, 100_000, 1000, 'Number of files at the most; the oldest goes first.'),
  max_mb: decimal(0.1, 10_240, 16, 'Size of the files at the most, MiB; the oldest goes first.'),
});

const http = section('The page for Prometheus (/metrics) and for health checks (/health).', {
  host: text('127.0.0.1', 'Address to listen on. It asks for no password.'),
  port: whole(0, 65_535, 9464, 'TCP port to listen on; 0 for no page.'),
});

export const bridge = section('The way from the broker to the database: muster bridge.', {
  name: id('main', "The bridge, unique within its site: the last part of its own topics' root."),
  sites: choice(['own', 'all'], 'own', 'Whose messages it takes: those of its own site, or of all sites.'),
  group,
  window: whole(
    1,
    65_535,
    1000,
    'Check-ins that may be open: taken from the broker and not yet in the database. With 32 KiB for each this bounds the memory.',
  ),
  batch_size: whole(1, 5000, 500, 'Points written in one request at the most.'),
  flush_ms: whole(10, 60_000, 500, 'Milliseconds for which a point waits for others before it is written.'),
  in_station: flag(
    false,
    'Run the bridge inside the process of muster station, for a site of a single board.',
  ),
  dead_letters: deadLetters,
  http,
});
