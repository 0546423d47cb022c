import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../src/config/load.ts';
import { median } from '../src/lib/quantile.ts';
import { round } from '../src/lib/round.ts';
import { table } from '../src/lib/table.ts';
import type { DetectMode } from '../src/vision/detect/detect.ts';
import { visionOptions } from '../src/vision/options.ts';
import { createPipeline } from '../src/vision/pipeline.ts';
import { wholeNumber } from '../src/commands/option-values.ts';
import { programOf, runProgram } from './program.ts';

/**
 * `npm run bench:recall`: what the fast mode of the detector costs in faces. A folder holds `groups.csv` (file, faces, noses as `x y;x y`)
 * and, where they are there, `lfw/<person>/*.jpg` with a face in the middle and `noface/*` without one.
 */

const program = programOf('bench:recall', `What the fast mode of the detector costs in faces.`)
  .requiredOption('--root <folder>', 'the photos')
  .option('--min-face <px>', 'smallest face that is looked for', wholeNumber(12), 20)
  .option('--every <n>', 'of the photos with one face, take each n-th', wholeNumber(1), 4)
  .option('--json', 'print one JSON document');

interface Options {
  readonly root: string;
  readonly minFace: number;
  readonly every: number;
  readonly json?: boolean;
}

/** A nose counts as found when a face's is nearer than this, in widths of that face. */
const noseTolerance = 0.25;

await runProgram(program, main);

async function main({ root, minFace: minFacePx, every, json }: Options): Promise<void> {
  const groups = readGroups(await readFile(join(root, 'groups.csv'), 'utf8'));
  const portraits = (await photosBelow(join(root, 'lfw'))).filter((_, i) => i % every === 0);
  const empty = await photosBelow(join(root, 'noface'));

  const rows = [];
  for (const mode of ['exact', 'fast'] as const) {
    const look = await lookWith(mode, minFacePx);
    const count = { noses: 0, found: 0, portraits: 0, strangers: 0 };
    for (const { file, noses } of groups) {
      const { faces } = await look.at(join(root, file));
      count.noses += noses.length;
      count.found += noses.filter(([x, y]) =>
        faces.some(({ landmarks: [, , nose], quality }) => {
          return Math.hypot(nose[0] - x, nose[1] - y) < noseTolerance * quality.size_px;
        }),
      ).length;
    }
    for (const file of portraits) {
      const { faces, width, height } = await look.at(file);
      const [x, y] = [width / 2, height / 2];
      if (faces.some(({ box: [x1, y1, x2, y2] }) => x1 < x && x < x2 && y1 < y && y < y2)) count.portraits++;
    }
    for (const file of empty) count.strangers += (await look.at(file)).faces.length;
    rows.push({
      mode,
      group_faces: count.noses,
      group_recall: round(count.found / count.noses, 4),
      portraits: portraits.length,
      portrait_recall: portraits.length === 0 ? null : round(count.portraits / portraits.length, 4),
      empty_photos: empty.length,
      false_faces: count.strangers,
      detect_ms: round(look.medianMs(), 1),
    });
    await look.close();
  }
  if (json)
    process.stdout.write(
      `${JSON.stringify({ schema: 'bench-recall/1', minFacePx, modes: rows }, null, 2)}\n`,
    );
  else
    process.stdout.write(
      `${table(
        Object.keys(rows[0]!),
        rows.map((row) => Object.values(row).map((v) => v ?? '')),
      )}\n`,
    );
}

async function lookWith(mode: DetectMode, minFacePx: number) {
  const options = visionOptions(await loadConfig({ env: {} }));
  const pipeline = await createPipeline({ ...options, threads: 1, detectMode: mode, minFacePx });
  const ms: number[] = [];
  return {
    async at(file: string) {
      const result = await pipeline.analyse(await readFile(file), { embed: false });
      if (!result.ok) throw new Error(`${file}: ${result.message}`);
      ms.push(result.latency_ms.detect);
      return result;
    },
    medianMs: () => median(ms),
    close: () => pipeline.close(),
  };
}

function readGroups(csv: string) {
  const [, ...lines] = csv.trim().split('\n');
  return lines.map((line) => {
    const [file = '', , noses = ''] = line.split(',');
    const points = noses.split(';').filter((text) => text.trim() !== '');
    return { file, noses: points.map((text) => text.trim().split(' ').map(Number) as [number, number]) };
  });
}

/** The JPEG files of a folder and its folders; none where it is missing. */
async function photosBelow(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir, { recursive: true }).catch(() => []);
  return names
    .filter((name) => /\.jpe?g$/i.test(name))
    .toSorted()
    .map((name) => join(dir, name));
}
