import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../demo/free-port.ts';
import { describeMachine } from '../src/bench/machine.ts';
import { loadConfig } from '../src/config/load.ts';
import type { SubjectId } from '../src/gallery/contract.ts';
import { createGalleryStore } from '../src/gallery/store.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createLog } from '../src/lib/log.ts';
import { packageRoot } from '../src/lib/package.ts';
import { seededRandom } from '../src/lib/random.ts';
import { median } from '../src/lib/quantile.ts';
import { round } from '../src/lib/round.ts';
import { table } from '../src/lib/table.ts';
import { loadPack } from '../src/models/load.ts';
import { anyDirection } from '../src/simulate/people.ts';
import { fingerprintOf } from '../src/vision/fingerprint.ts';
import { visionOptions } from '../src/vision/options.ts';
import { doorPhotos } from './photos.ts';
import { serviceMemory } from './service-memory.ts';
import { wholeNumber } from '../src/commands/option-values.ts';
import { programOf, runProgram } from './program.ts';

/**
 * `npm run bench:start`: the program's own station, started with a photo in its inbox that has been there for a while: how long until it
 * has decided, with and without the graphs that it has kept, and how much memory it takes when it has run for a while, with and without what
 * the service's unit sets for that. The ways take turns.
 */

const program = programOf(
  'bench:start',
  `How long a station takes from its start to its first decision, and how much memory it has when it is steady.`,
)
  .option('--rounds <n>', 'starts of each kind', wholeNumber(1), 5)
  .option('--captures <n>', 'captures before the memory is read', wholeNumber(1), 200)
  .option('--templates <n>', 'templates in the gallery', wholeNumber(1), 10_000)
  .option('--json', 'print one JSON document');

interface Options {
  readonly rounds: number;
  readonly captures: number;
  readonly templates: number;
  readonly json?: boolean;
}

const ways = [
  { name: "graphs kept, memory as in the service's unit", kept: true, asService: true },
  { name: 'graphs kept', kept: true, asService: false },
  { name: "graphs made at the start, memory as in the service's unit", kept: false, asService: true },
] as const;
type Way = (typeof ways)[number];

/** The age of a photo that is there when a station starts: nobody writes it any more, so the station need not wait to see that, s. */
const restedS = 60;

/** Photos so far, of all stations: each has a name of its own. */
let fed = 0;

interface Start {
  readonly readyMs: number;
  readonly decidedMs: number;
  readonly rssMb: number;
}

await runProgram(program, main);

async function main({ rounds, captures, templates, json = false }: Options): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-start-'));
  try {
    await mkdir(join(dir, 'data', 'inbox'), { recursive: true });
    await inventPeople(join(dir, 'data', 'gallery', 'main'), templates);
    const photos = await doorPhotos();
    await runStation(dir, ways[0], photos, 1);
    const starts = new Map<Way, Start[]>(ways.map((way) => [way, []]));
    for (let n = 0; n < rounds; n++) {
      for (const way of ways) {
        if (!way.kept) await rm(join(dir, 'data', 'graphs'), { recursive: true, force: true });
        // Memory is settled slowly, so one round is enough to read it in.
        starts.get(way)!.push(await runStation(dir, way, photos, n === 0 ? captures : 1));
      }
    }
    const rows = ways.map((way) => {
      const all = starts.get(way)!;
      return {
        way: way.name,
        ready_ms: round(median(all.map(({ readyMs }) => readyMs)), 0),
        first_decision_ms: round(median(all.map(({ decidedMs }) => decidedMs)), 0),
        rss_mb: round(all[0]!.rssMb, 0),
      };
    });
    print(rows, { templates, captures, rounds }, json);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function print(rows: readonly Record<string, string | number>[], facts: object, json: boolean): void {
  const machine = describeMachine();
  if (json) {
    process.stdout.write(
      `${JSON.stringify({ schema: 'bench-start/1', machine, ...facts, starts: rows }, null, 2)}\n`,
    );
    return;
  }
  const { cpu, cores, node, platform } = machine;
  process.stdout.write(`${cpu}, ${cores} cores, ${platform}, node ${node}; ${JSON.stringify(facts)}\n\n`);
  const cells = rows.map((row) => Object.values(row));
  process.stdout.write(`${table(['start with', 'ready ms', 'first decision ms', 'steady RSS MB'], cells)}\n`);
}

/** A gallery of nobody, made for the models of the defaults. */
async function inventPeople(dir: string, count: number): Promise<void> {
  const { modelsDir, pack, flip } = visionOptions(await loadConfig({ env: {} }));
  const models = await loadPack(modelsDir, pack);
  const { dimension } = models;
  const random = seededRandom(1);
  const put = Array.from({ length: count }, (_, i) => ({
    subject: `s-${String(i).padStart(7, '0')}` as SubjectId,
    n: 0,
    embedding: anyDirection(random, dimension),
  }));
  const parts = { clock: systemClock, log: createLog('silent') };
  const store = createGalleryStore({
    ...parts,
    dir,
    models: { fingerprint: fingerprintOf(models, flip), dimension },
  });
  await store.apply({ put });
}

/** Starts the station with a photo in the inbox, feeds it the rest one after the other, and ends it. Times are from the start of the process. */
async function runStation(
  dir: string,
  { asService }: Way,
  photos: readonly Uint8Array[],
  captures: number,
): Promise<Start> {
  await feed(dir, photos[0]!, restedS);
  const port = await freePort();
  const started = performance.now();
  const child = spawn(process.execPath, [join(packageRoot, 'bin/muster.js'), 'station'], {
    env: { ...stationEnv(join(dir, 'data'), port), ...(asService && (await serviceMemory())) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let readyMs = 0;
  let decidedMs = 0;
  let decided = 0;
  let rssMb = 0;
  const output: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    const entry = line.startsWith('{') ? (JSON.parse(line) as { msg: string }) : { msg: '' };
    if (output.length < 20) output.push(line);
    if (entry.msg.startsWith('ready')) readyMs = performance.now() - started;
    if (entry.msg === 'decided') {
      decided++;
      decidedMs ||= performance.now() - started;
      if (decided < captures) await feed(dir, photos[decided % photos.length]!);
    }
    if (decided < captures || readyMs === 0 || rssMb > 0) continue;
    rssMb = await rssOf(child);
    child.kill('SIGTERM');
  }
  if (child.exitCode === null) await once(child, 'exit');
  if (child.exitCode !== 0 || decided === 0)
    throw new Error(`the station ended with status ${child.exitCode}:\n${output.join('\n')}`);
  return { readyMs, decidedMs, rssMb };
}

/** A photo that is whole at once, since it is renamed into place, and seems to have been there for `ageS`. */
async function feed(dir: string, photo: Uint8Array, ageS = 0): Promise<void> {
  const name = `capture-${fed++}.jpg`;
  await writeFile(join(dir, name), photo);
  const at = Date.now() / 1000 - ageS;
  await utimes(join(dir, name), at, at);
  await rename(join(dir, name), join(dir, 'data', 'inbox', name));
}

function stationEnv(data: string, port: number): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !/^(MUSTER_|MALLOC_|NODE_OPTIONS$)/.test(name),
  );
  return {
    ...Object.fromEntries(others),
    MUSTER_DATA_DIR: data,
    MUSTER_MQTT__EMBEDDED__PORT: '0',
    MUSTER_HTTP__PORT: `${port}`,
    // The lines that say ready and decided are of this level.
    MUSTER_LOG__LEVEL: 'info',
  };
}

async function rssOf({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
