import { camera } from './camera.ts';
import { choice, decimal, flag, optionalText, section, whole } from '../kinds.ts';

const folder = section('A folder whose photos are taken as captures.', {
  path: optionalText('The folder to watch, made when it is missing. Null means <data_dir>/inbox.'),
  after: choice(
    ['delete', 'keep'],
    'delete',
    'What becomes of a photo once its decision is on disk: delete it, or keep it by moving it to done.',
  ),
  done: optionalText('Where photos go with after: keep. Null means <path>/done.'),
  failed: optionalText("Where photos go that can't be analysed. Null means <path>/failed."),
  polling: flag(
    false,
    'Look at the folder at intervals instead of waiting for the system to tell; for network drives.',
  ),
  poll_interval_ms: whole(50, 60_000, 1000, 'Milliseconds between two looks with polling.'),
  stable_ms: whole(
    0,
    60_000,
    150,
    "Milliseconds for which a file's size and time must stay the same before it is read.",
  ),
  grace_s: decimal(
    0,
    3600,
    5,
    "Seconds after its last change in which a file that can't be decoded is tried again before it goes to failed.",
  ),
  rescan_s: whole(1, 86_400, 30, 'Seconds between two full scans, which find what the watch has missed.'),
  max_mb: decimal(0.01, 500, 25, 'Size of a photo file at the most, MiB; larger ones go to failed.'),
});

const bursts = section('A folder of bursts: each folder in it holds the photos of one visit, which vote.', {
  path: optionalText('The folder to watch, made when it is missing. Null for none.'),
  after: choice(
    ['delete', 'keep'],
    'delete',
    'What becomes of a burst once its decision is on disk: delete it, or keep it by moving it to done.',
  ),
  done: optionalText('Where bursts go with after: keep. Null means <path>/done.'),
  failed: optionalText("Where bursts go that can't be analysed. Null means <path>/failed."),
  settle_ms: whole(
    0,
    60_000,
    1000,
    'Milliseconds for which nothing in a burst may have changed before it is taken.',
  ),
});

const record = section(
  'A recording of what was seen, for muster replay: boxes, quality, similarities and pseudonymous subjects, no photos and no embeddings.',
  {
    enabled: flag(
      false,
      'Write it. It tells who was where and when, as the events do: keep it as carefully.',
    ),
    path: optionalText('Folder for it. Null means <data_dir>/recorded.'),
    max_mb: decimal(0.1, 10_240, 64, 'Size of the recording at the most, MiB; the oldest half goes first.'),
  },
);

export const capture = section('Where captures come from.', { folder, bursts, camera, record });
