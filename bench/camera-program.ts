import { readdir, readFile } from 'node:fs/promises';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A camera program for `npm run bench:camera`: writes the JPEG files of a folder to standard output, over and over, as ffmpeg does it with the
 * pictures of a USB camera. Arguments: the folder, frames a second.
 */

/** What ffmpeg writes at once, bytes. */
const pieceBytes = 32_768;

const [folder, fps] = process.argv.slice(2) as [string, string];
const names = (await readdir(folder)).toSorted();
const frames = await Promise.all(names.map((name) => readFile(join(folder, name))));
const startedAt = performance.now();
for (let n = 0; ; n += 1) {
  // By the clock, so that a reader who rests changes nothing of the frames' times.
  await sleep(startedAt + (n * 1000) / Number(fps) - performance.now());
  writeFrame(frames[n % frames.length]!);
}

/** Waits where nobody reads, as a blocking write does it. */
function writeFrame(frame: Buffer): void {
  for (let at = 0; at < frame.length;) {
    at += writeSync(1, frame, at, Math.min(pieceBytes, frame.length - at));
  }
}
