import { cron, optionalText, section, whole } from '../kinds.ts';

const retention = section('What is deleted when it is old or takes too much room.', {
  schedule: cron('17 3 * * *', 'When to delete it.'),
  done_days: whole(1, 3650, 30, 'Days for which decided photos stay, with capture.folder.after: keep.'),
  done_mb: whole(1, 1_048_576, 2048, 'Room for them at the most, MiB; the oldest go first.'),
  failed_days: whole(1, 3650, 30, "Days for which files stay that can't be analysed."),
  failed_mb: whole(1, 1_048_576, 512, 'Room for them at the most, MiB; the oldest go first.'),
  dead_letter_days: whole(
    1,
    3650,
    30,
    'Days for which dead letters of the bridge stay; their number and size are set in bridge.dead_letters.',
  ),
  set_aside_days: whole(
    1,
    3650,
    30,
    'Days for which damaged files stay that were set aside, and replaced ones.',
  ),
  set_aside_mb: whole(1, 1_048_576, 512, 'Room for them at the most, MiB; the oldest go first.'),
  memory_days: whole(
    1,
    3650,
    30,
    'Days for which it is remembered that a capture was decided, so that the same file is not decided again.',
  ),
  memory_captures: whole(1000, 10_000_000, 1_000_000, 'Number of captures remembered at the most.'),
});

const disk = section(
  'What happens on a disk that fills.',
  {
    schedule: cron('* * * * *', 'When to look at the disk.'),
    low_mb: whole(
      1,
      1_048_576,
      500,
      'Free room below which photos are no longer kept and an alert is raised, MiB; at most a tenth of the disk.',
    ),
    critical_mb: whole(
      1,
      1_048_576,
      150,
      'Free room below which kept photos, then failed ones, then the rest of what is not needed are deleted, MiB; at most 3 % of the disk.',
    ),
  },
  ({ low_mb, critical_mb }, conflict) => {
    if (critical_mb > low_mb)
      conflict('critical_mb', `is ${critical_mb} and must not exceed upkeep.disk.low_mb, which is ${low_mb}`);
  },
);

export const upkeep = section('How the station looks after itself.', {
  jitter_s: whole(
    0,
    7200,
    600,
    'Seconds by which a job begins later than its time at the most, by chance, so that a fleet does not act at once.',
  ),
  retention,
  disk,
  self_test: section('Whether the models still see what they saw.', {
    schedule: cron('37 3 * * *', 'When to analyse a drawn face and compare the numbers with the known ones.'),
  }),
  gallery: section('Whether the gallery in memory, on disk and at the broker is the same.', {
    schedule: cron('7 * * * *', 'When to compare them.'),
  }),
  compaction: section('The store gives back the room of what was deleted.', {
    schedule: cron('47 3 * * 0', 'When to compact it.'),
  }),
  summary: section('The counts of a day, on the topic summary.', {
    schedule: cron('0 0 * * *', 'When a day ends.'),
  }),
  backup: section('A backup of gallery and settings, as `muster backup` writes it (docs/backup.md).', {
    folder: optionalText(
      'The folder of the backups, on another disk: it has to be there, and the station must be allowed to write in it. null: none are made.',
    ),
    schedule: cron('27 3 * * *', 'When to write one.'),
    keep: whole(1, 1000, 14, "How many of this station's stay; the oldest go."),
  }),
});
