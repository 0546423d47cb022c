import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { failedGate, type GateLimits } from '../../src/decide/gates.ts';
import { chosenFace } from '../../src/evaluate/face.ts';
import { parsePairs, type Pair } from '../../src/evaluate/pairs.ts';
import { similarityOf } from '../../src/gallery/search.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createLog } from '../../src/lib/log.ts';
import { createProgress } from '../../src/lib/progress.ts';
import { table } from '../../src/lib/table.ts';
import type { EmbeddedFace, Embedding, Vision } from '../../src/vision/contract.ts';
import { visionOptions } from '../../src/vision/options.ts';
import { createVision } from '../../src/vision/vision.ts';
import { reportTurned } from './people.ts';
import { stepOf, type Curve, type Probed } from './curve.ts';
import { ways, type Good, type Way } from './ways.ts';
import { wholeNumber } from '../../src/commands/option-values.ts';
import { programOf, runProgram } from '../program.ts';

/** `npm run bench:gates`: what the gates stop of photos that get worse step by step, and what they stop in vain. */

const program = programOf(
  'bench:gates',
  `Takes the mated pairs of a list as for muster evaluate. The second photo of each is made worse in steps (blur, dark, overexposed,
small, tilted, covered) and compared with the first one as it is, with the gates and the threshold of the default config.

No photo can be turned afterwards: for the gates yaw and pitch, the photos of a folder of people as for muster calibrate are sorted by how
the head is turned in them, and compared with frontal ones of the same person and of others.`,
  '--pairs <csv> --root <folder> | --people <folder> [options]',
)
  .option('--people <folder>', 'a sub-folder of photos for each person')
  .option('--chart <svg>', 'with --people: draw each comparison into this file')
  .option('--pairs <csv>', 'list of pairs: fileA,fileB,same')
  .option('--root <folder>', 'folder that the paths in the list start from')
  .option('--limit <n>', 'take the first n mated pairs', wholeNumber(1), 100)
  .option('--json', 'print one JSON document');

interface Options {
  readonly people?: string;
  readonly chart?: string;
  readonly pairs?: string;
  readonly root?: string;
  readonly limit: number;
  readonly json?: boolean;
}

/** Small faces must be found here, so that the gate and not the detector stops them. */
const minFacePx = 20;

await runProgram(program, main);

async function main({ people, chart, pairs: list, root, limit, json = false }: Options): Promise<void> {
  if (people === undefined && (list === undefined || root === undefined)) return program.help();
  const config = await loadConfig({ env: {} });
  const { gates } = config.decision;
  const options = visionOptions(config);
  const smallest = people === undefined ? minFacePx : options.minFacePx;
  const vision = createVision({
    ...options,
    minFacePx: smallest,
    log: createLog('warn'),
    clock: systemClock,
  });
  try {
    const { threshold } = await vision.start();
    if (people !== undefined) await reportTurned(people, vision, { gates, threshold, json, chart });
    else {
      const pairs = parsePairs(await readFile(list!, 'utf8'), list!).filter(({ same }) => same);
      const curves = await curvesOf(pairs.slice(0, limit), root!, { vision, threshold, gates });
      process.stdout.write(json ? `${JSON.stringify(curves)}\n` : curves.map(words).join('\n'));
    }
  } finally {
    await vision.close();
  }
}

async function curvesOf(
  pairs: readonly Pick<Pair, 'fileA' | 'fileB'>[],
  root: string,
  {
    vision,
    threshold,
    gates,
  }: { readonly vision: Vision; readonly threshold: number; readonly gates: GateLimits },
): Promise<readonly Curve[]> {
  const progress = createProgress('pairs', { total: pairs.length });
  const probed = new Map<string, Probed[]>();
  try {
    for (const { fileA, fileB } of pairs) {
      const photo = await readFile(join(root, fileB));
      const [reference, good] = [
        await look(vision, await readFile(join(root, fileA))),
        await look(vision, photo),
      ];
      progress.advance();
      if (reference === null || good === null) continue;
      for (const way of ways) {
        for (const step of [null, ...way.steps]) {
          const worse =
            step === null ? good : await look(vision, await worsen(way, { photo, ...good }, step));
          const key = keyOf(way, step);
          const outcome = probe(way, worse, { reference: reference.face.embedding, threshold, gates });
          probed.set(key, [...(probed.get(key) ?? []), outcome]);
        }
      }
    }
  } finally {
    progress.done();
  }
  return ways.map(({ name, gate, unit, steps }): Curve => ({
    way: name,
    gate,
    unit,
    steps: [null, ...steps].map((at) => ({ at, ...stepOf(probed.get(keyOf({ name }, at)) ?? [], gate) })),
  }));
}

function keyOf({ name }: Pick<Way, 'name'>, step: number | null): string {
  return `${name} ${step ?? 'as it is'}`;
}

interface Looked {
  readonly width: number;
  readonly height: number;
  readonly face: EmbeddedFace;
}

async function look(vision: Vision, photo: Buffer): Promise<Looked | null> {
  // A copy, since the worker takes the memory over.
  const result = await vision.analyse({ photo: Uint8Array.from(photo) });
  if (!result.ok) throw new Error(result.message);
  const face = chosenFace(result, 'middle');
  return face === undefined ? null : { width: result.width, height: result.height, face };
}

async function worsen(
  way: Way,
  { photo, width, height, face }: Looked & Pick<Good, 'photo'>,
  step: number,
): Promise<Buffer> {
  const [left, top, right, bottom] = face.box;
  const inside = [
    Math.max(0, Math.floor(left)),
    Math.max(0, Math.floor(top)),
    Math.min(width, Math.ceil(right)),
    Math.min(height, Math.ceil(bottom)),
  ] as const;
  return way.worse({ photo, width, face: inside }, step).jpeg({ quality: 92 }).toBuffer();
}

function probe(
  way: Way,
  looked: Looked | null,
  {
    reference,
    threshold,
    gates,
  }: { readonly reference: Embedding; readonly threshold: number; readonly gates: GateLimits },
): Probed {
  if (looked === null) return { face: null };
  const { face } = looked;
  return {
    face: {
      measure: way.measure(face.quality),
      gate: failedGate(face, gates),
      matches: similarityOf(face.embedding, reference) >= threshold,
    },
  };
}

function words({ way, gate, unit, steps }: Curve): string {
  const percent = (rate: number | null) => (rate === null ? '' : (rate * 100).toFixed(1));
  return `${way} (gate ${gate}; steps: ${unit})
${table(
  ['step', 'measure', 'no face %', 'stopped by it', 'by any', 'in vain', 'FNMR % without gates', 'with'],
  steps.map((step) => [
    step.at ?? 'as it is',
    step.measure?.toFixed(2) ?? '',
    percent(step.noFace),
    percent(step.stoppedByIts),
    percent(step.stoppedByAny),
    percent(step.stoppedInVain),
    percent(step.fnmrWithout),
    percent(step.fnmrWith),
  ]),
)}
`;
}
