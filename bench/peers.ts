import { parseArgs } from 'node:util';
import { messageOf, MusterError } from '../src/lib/errors.ts';
import { describeMachine } from '../src/bench/machine.ts';
import { photosOfFolder } from '../src/bench/photos.ts';
import { round } from '../src/lib/round.ts';
import { table } from '../src/lib/table.ts';
import { doorPhotos } from './photos.ts';
import { createFaceApi } from './peers/face-api.ts';
import { createMuster } from './peers/muster.ts';
import type { Peer } from './peers/contract.ts';

/**
 * `npm run bench:peers`: photo bytes to an identity, by Muster and by another open face pipeline for Node, on the same photos in the same
 * run. They take turns, photo by photo, so that other work on the machine hits all alike.
 */

const help = `Usage: npm run bench:peers -- [options]

Options:
  --photos <dir>     photos to use (default: the sample photos, 1280×720, one face each)
  --rounds <n>       rounds over all photos, after one that is not counted (default 10)
  --templates <n>    people in the gallery that each compares with (default 1000)
  --json             print one JSON document
  --help             print this help
`;

try {
  await main();
} catch (error) {
  const remedy = error instanceof MusterError && error.remedy !== undefined ? `\n${error.remedy}` : '';
  process.stderr.write(`bench: ${messageOf(error)}${remedy}\n`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      photos: { type: 'string' },
      rounds: { type: 'string', default: '10' },
      templates: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const [rounds, templates] = [Number(values.rounds), Number(values.templates)];
  if (!(rounds >= 1) || !(templates >= 1))
    throw new Error('--rounds and --templates take whole numbers from 1 on');
  const photos =
    values.photos === undefined ? await doorPhotos() : (await photosOfFolder(values.photos)).files;

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

  const medianOf = (peer: Peer) => {
    const sorted = ms.get(peer)!.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1]!;
  };
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
  if (values.json) {
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
