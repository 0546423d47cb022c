import { describeMachine } from '../src/bench/machine.ts';
import { drawnPhotos } from '../src/bench/photos.ts';
import { loadConfig } from '../src/config/load.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createLog } from '../src/lib/log.ts';
import { round } from '../src/lib/round.ts';
import { table } from '../src/lib/table.ts';
import { median } from '../src/lib/quantile.ts';
import type { Vision } from '../src/vision/contract.ts';
import { visionOptions } from '../src/vision/options.ts';
import { createVision } from '../src/vision/vision.ts';
import { wholeNumber } from '../src/commands/option-values.ts';
import { programOf, runProgram } from './program.ts';

/** `npm run bench:pad`: what attack detection adds to the time of a photo. The same photo with and without it, in turns. */

const program = programOf(
  'bench:pad',
  `The vision worker looks at drawn photos of 1280x720 px, each with and without attack detection, one right after the other and the first in
turns. Needs the pack: muster models add pad. Settings of the environment (MUSTER_VISION__…) count. Stop other work first.`,
)
  .option('--rounds <n>', 'photos of each kind to measure, after 5 to warm up', wholeNumber(1), 40)
  .option('--json', 'print one JSON document');

interface Options {
  readonly rounds: number;
  readonly json?: boolean;
}

const warmUp = 5;

/** Faces in the photos: all of them are looked at. A station looks at one, or with the policy every at eight at the most. */
const crowds = [1, 2, 4];

await runProgram(program, main);

async function main({ rounds, json = false }: Options): Promise<void> {
  const options = visionOptions(await loadConfig({ env: process.env }));
  // The mode in which a station does not start without the nets.
  const vision = createVision({ ...options, pad: 'enforce', log: createLog('warn'), clock: systemClock });
  try {
    const { threads } = await vision.start();
    const rows = [];
    for (const faces of crowds) {
      const { files } = await drawnPhotos([1280, 720], faces, options.minFacePx);
      rows.push(await measure(vision, files, { faces, rounds }));
    }
    print(rows, { threads, rounds }, json);
  } finally {
    await vision.close();
  }
}

async function measure(
  vision: Vision,
  photos: readonly Uint8Array[],
  { faces, rounds }: { readonly faces: number; readonly rounds: number },
) {
  const look = async (photo: Uint8Array, pad: number) => {
    const result = await vision.analyse({ photo: Uint8Array.from(photo), pad });
    if (!result.ok) throw new Error(result.message);
    const scores = result.faces.filter((face) => face.pad !== null).length;
    if (scores !== pad) throw new Error(`${scores} faces have a score and not ${pad}`);
    const { decode, detect, align, embed } = result.latency_ms;
    return decode + detect + align + embed;
  };
  const pairs: (readonly [without: number, with_: number])[] = [];
  for (let i = -warmUp; i < rounds; i++) {
    const photo = photos[(i + warmUp) % photos.length]!;
    const times = new Map<number, number>();
    for (const pad of i % 2 === 0 ? [0, faces] : [faces, 0]) times.set(pad, await look(photo, pad));
    if (i >= 0) pairs.push([times.get(0)!, times.get(faces)!]);
  }
  const without = median(pairs.map(([ms]) => ms));
  const added = median(pairs.map(([before, after]) => after - before));
  return {
    faces,
    without_ms: round(without, 1),
    with_ms: round(median(pairs.map(([, ms]) => ms)), 1),
    added_ms: round(added, 1),
    added_ms_per_face: round(added / faces, 1),
    added_share: round(added / without, 3),
  };
}

function print(
  rows: readonly Awaited<ReturnType<typeof measure>>[],
  facts: { readonly threads: number; readonly rounds: number },
  json: boolean,
): void {
  const machine = describeMachine();
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ schema: 'bench-pad/1', machine, ...facts, faces: rows }, null, 2)}\n`,
    );
    return;
  }
  const { cpu, cores, node, platform } = machine;
  process.stdout.write(
    `${cpu}, ${cores} cores, ${platform}, node ${node}; ${facts.threads} threads, ${facts.rounds} rounds\n\n`,
  );
  const head = ['faces', 'without ms', 'with ms', 'added ms', 'per face ms', 'added %'];
  const cells = rows.map((row) => [
    row.faces,
    row.without_ms,
    row.with_ms,
    row.added_ms,
    row.added_ms_per_face,
    round(100 * row.added_share, 1),
  ]);
  process.stdout.write(`${table(head, cells)}\n`);
}
