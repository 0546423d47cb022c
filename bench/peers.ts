import { describeMachine } from '../src/bench/machine.ts';
import { photosOfFolder } from '../src/bench/photos.ts';
import { median } from '../src/lib/quantile.ts';
import { round } from '../src/lib/round.ts';
import { table } from '../src/lib/table.ts';
import { doorPhotos } from './photos.ts';
import { createFaceApi } from './peers/face-api.ts';
import { createMuster } from './peers/muster.ts';
import type { Peer } from './peers/contract.ts';
import { wholeNumber } from '../src/commands/option-values.ts';
import { programOf, runProgram } from './program.ts';

/**
 * `npm run bench:peers`: photo bytes to an identity, by Muster and by another open face pipeline for Node, on the same photos in the same
 * run. They take turns, photo by photo, so that other work on the machine hits all alike.
 */

const program = programOf(
  'bench:peers',
  `From a JPEG's bytes to the nearest in a gallery: this pipeline and others, in turns.`,
)
  .option('--photos <dir>', 'photos to use (default: the sample photos, 1280×720, one face each)')
  .option('--rounds <n>', 'rounds over all photos, after one that is not counted', wholeNumber(1), 10)
  .option('--templates <n>', 'people in the gallery that each compares with', wholeNumber(1), 1000)
  .option('--json', 'print one JSON document');

interface Options {
  readonly photos?: string;
  readonly rounds: number;
  readonly templates: number;
  readonly json?: boolean;
}

await runProgram(program, main);

async function main({ photos: folder, rounds, templates, json }: Options): Promise<void> {
  const photos = folder === undefined ? await doorPhotos() : (await photosOfFolder(folder)).files;

  const peers: readonly Peer[] = [
    await createMuster({ threads: 1, mode: 'fast', flip: true, templates }),
    await createMuster({ threads: 2, mode: 'fast', flip: true, templates }),
    await createMuster({ threads: 1, mode: 'exact', flip: true, templates }),
    await createFaceApi({ templates }),
  ];
  const ms = new Map(peers.map((peer) => [peer, [] as number[]]));
  const faces = new Map(peers.map((peer) => [peer, 0]));
  for (let n = 0; n <= rounds; n++) {
    for (const photo of photos) {
      for (const peer of peers) {
        const started = performance.now();
        const found = await peer.identify(photo);
        if (n === 0) continue;
        ms.get(peer)!.push(performance.now() - started);
        faces.set(peer, faces.get(peer)! + found);
      }
    }
  }
  for (const peer of peers) await peer.close();

  const medianOf = (peer: Peer) => median(ms.get(peer)!);
  const slowest = medianOf(peers.at(-1)!);
  const rows = peers.map((peer) => ({
    name: peer.name,
    version: peer.version,
    threads: peer.threads,
    median_ms: round(medianOf(peer), 1),
    photos_per_s: round(1000 / medianOf(peer), 1),
    times: round(slowest / medianOf(peer), 1),
    faces_per_photo: round(faces.get(peer)! / (rounds * photos.length), 2),
  }));
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ schema: 'bench-peers/1', machine: describeMachine(), templates, peers: rows }, null, 2)}\n`,
    );
    return;
  }
  const { cpu, cores, node, platform } = describeMachine();
  const head = ['pipeline', 'version', 'threads', 'median ms', 'photos/s', 'times face-api', 'faces'];
  process.stdout.write(`${cpu}, ${cores} cores, ${platform}, node ${node}; gallery of ${templates}\n\n`);
  process.stdout.write(
    `${table(
      head,
      rows.map((row) => Object.values(row)),
    )}\n`,
  );
}
