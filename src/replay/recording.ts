import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { round } from '../lib/round.ts';
import type { MatchedFace } from '../decide/contract.ts';
import type { VisionInfo } from '../vision/contract.ts';
import type { Recording, Setting, Sight } from './contract.ts';

export interface RecordingOptions {
  readonly folder: string;
  /** Of both files together, the one that is written and the one before it. */
  readonly maxBytes: number;
  readonly model: Pick<VisionInfo, 'fingerprint' | 'threshold'>;
  readonly cooldownS: () => number;
  readonly log: Log;
}

export const recordingFile = 'recording.jsonl';
const recordingBefore = 'recording.1.jsonl';
/** Lines that may wait for a slow disk; what comes then is left out. */
const maxWaiting = 1_000;

/** Writes a recording. Each file begins with the settings of the time, so that it can be replayed alone. */
export function createRecording({ folder, maxBytes, model, cooldownS, log }: RecordingOptions): Recording {
  const file = join(folder, recordingFile);
  let writing = Promise.resolve();
  let waiting = 0;
  let bytes: number | null = null;
  let setting = '';
  let isFailing = false;

  return {
    add({ kind, capturedAt, arrivedAt }, photos) {
      const of = photos[0]?.of;
      if (of === undefined || waiting >= maxWaiting) return;
      const now: Setting = {
        schema: 'recording/1',
        kind: 'setting',
        model: model.fingerprint,
        auto_threshold: model.threshold,
        decision: { ...of.policy, cooldown_s: cooldownS() },
        gallery: { rev: of.gallery.revision, templates: of.gallery.templates },
      };
      const sight: Sight = {
        kind,
        captured_at: capturedAt,
        at: round(arrivedAt, 1),
        photos: photos.map(({ faces }) => faces.map(recordedFace)),
      };
      waiting += 1;
      writing = writing
        .then(() => write(JSON.stringify(now), JSON.stringify(sight)))
        .catch((error: unknown) => {
          if (!isFailing) log.warn(`captures are not recorded for replay: ${messageOf(error)}`);
          isFailing = true;
        })
        .finally(() => (waiting -= 1));
    },
    close: () => writing,
  };

  async function write(now: string, sight: string): Promise<void> {
    if (bytes === null) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      bytes = await stat(file).then(
        ({ size }) => size,
        () => 0,
      );
    }
    if (bytes > maxBytes / 2) {
      await rename(file, join(folder, recordingBefore));
      bytes = 0;
      setting = '';
    }
    const text = now === setting ? `${sight}\n` : `${now}\n${sight}\n`;
    await appendFile(file, text, { mode: 0o600 });
    bytes += Buffer.byteLength(text);
    setting = now;
    isFailing = false;
  }
}

/** A face as a recording holds it: rounded, without its embedding. */
export function recordedFace({
  box,
  probability,
  landmarks,
  quality,
  matches,
}: MatchedFace): Sight['photos'][number][number] {
  const [a, b, c, d, e] = landmarks.map(([x, y]): [number, number] => [round(x, 1), round(y, 1)]);
  return {
    box: [round(box[0], 1), round(box[1], 1), round(box[2], 1), round(box[3], 1)],
    probability: round(probability, 5),
    landmarks: [a!, b!, c!, d!, e!],
    quality: Object.fromEntries(
      Object.entries(quality).map(([name, value]: [string, number | null]) => [
        name,
        value === null ? null : round(value, 3),
      ]),
    ),
    matches: matches.map(({ subject, similarity }) => ({ subject, similarity: round(similarity, 5) })),
  };
}
