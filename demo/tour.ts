import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { packageRoot } from '../src/lib/package.ts';
import { table } from '../src/lib/table.ts';
import type { CheckinEvent } from '../src/telemetry/payloads.ts';
import { freePort } from './free-port.ts';
import { bellaInFront, portraits, scenery } from './sample-photos.ts';

/**
 * The tour behind `npm run demo`: enrols people, starts a station, drops captures into its inbox and prints what a
 * subscriber on its broker sees. Ends with status 0 only when every decision was the expected one. It uses the
 * program as a user does, from outside: the command line, the inbox, MQTT.
 */

interface Stop {
  readonly what: string;
  readonly file: string;
  readonly photo: () => Promise<Buffer>;
  /** `accepted <subject>`, `rejected <reason>` or `failed <code>`. */
  readonly expected: string;
}

const stops: readonly Stop[] = [
  { what: 'Alice comes in', file: 'capture-1.jpg', photo: portraits.aliceAgain, expected: 'accepted alice' },
  { what: 'a stranger', file: 'capture-2.jpg', photo: portraits.stranger, expected: 'rejected unknown' },
  { what: 'nobody in the photo', file: 'capture-3.jpg', photo: scenery, expected: 'rejected no_face' },
  {
    what: 'a group, Bella in front',
    file: 'capture-4.jpg',
    photo: bellaInFront,
    expected: 'accepted bella',
  },
  { what: 'a broken file', file: 'capture-5.jpg', photo: brokenPhoto, expected: 'failed not_an_image' },
  {
    what: 'Alice again, at once',
    file: 'capture-6.jpg',
    photo: portraits.aliceAgain,
    expected: 'rejected cooldown',
  },
];

const patienceMs = 60_000;
const dir = await mkdtemp(join(tmpdir(), 'muster-demo-'));
const inbox = join(dir, 'data', 'inbox');
let station: ChildProcess | undefined;
try {
  process.exitCode = (await tour()) ? 0 : 1;
} finally {
  station?.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
}

async function tour(): Promise<boolean> {
  const port = await freePort();
  const env = {
    ...process.env,
    MUSTER_DATA_DIR: join(dir, 'data'),
    MUSTER_MQTT__EMBEDDED__PORT: String(port),
    MUSTER_HTTP__PORT: '0',
    MUSTER_CAPTURE__FOLDER__GRACE_S: '1',
    MUSTER_LOG__LEVEL: 'warn',
  };

  heading('Enrolling four people from one reference photo each: muster enroll people');
  const people = join(dir, 'people');
  await mkdir(people);
  for (const name of ['alice', 'bella', 'clara', 'dora'] as const) {
    await writeFile(join(people, `${name}.jpg`), await portraits[name]());
  }
  const enrolled = spawnSync(process.execPath, ['bin/muster.js', 'enroll', people], {
    cwd: packageRoot,
    env,
    encoding: 'utf8',
  });
  say(enrolled.stdout);
  if (enrolled.status !== 0) throw new Error(`enrolment failed: ${enrolled.stderr}`);

  heading('Starting a station with a broker of its own: muster station');
  station = spawn(process.execPath, ['bin/muster.js', 'station'], {
    cwd: packageRoot,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const subscriber = await subscribe(port);
  await subscriber.ready;
  say('The station is ready.\n');

  const results: { stop: Stop; outcome: string; event: CheckinEvent | null }[] = [];
  for (const stop of stops) {
    heading(`${stop.what}: ${stop.file} is put into the inbox`);
    await writeFile(join(inbox, stop.file), await stop.photo());
    const event = stop.expected.startsWith('failed') ? null : await subscriber.next();
    const outcome = event === null ? `failed ${await failureOf(stop.file)}` : outcomeOf(event);
    if (event !== null) say(`${subscriber.topic}\n${JSON.stringify(event)}`);
    say(
      `${outcome === stop.expected ? '✓' : '✗'} ${outcome}${outcome === stop.expected ? '' : `, expected ${stop.expected}`}\n`,
    );
    results.push({ stop, outcome, event });
  }

  station.kill('SIGTERM');
  const [status] = (await once(station, 'exit')) as [number | null];
  await subscriber.end();

  heading('Summary');
  const rows = results.map(({ stop, outcome, event }) => [
    stop.what,
    outcome,
    event?.similarity ?? '',
    event === null ? '' : event.faces_total,
    event === null ? '' : Math.round(event.latency_ms.total - event.latency_ms.queue),
  ]);
  say(table(['capture', 'decision', 'similarity', 'faces', 'ms'], rows));
  const right = results.filter(({ stop, outcome }) => outcome === stop.expected).length;
  say(`\n${right} of ${stops.length} decisions as expected; the station ended with status ${status}.`);
  return right === stops.length && status === 0;
}

async function subscribe(port: number) {
  const topic = 'muster/1/default/station-1/checkin';
  const url = `mqtt://127.0.0.1:${port}`;
  const end = Date.now() + patienceMs;
  const connect = async () => {
    for (;;) {
      try {
        return await connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
      } catch (error) {
        if (Date.now() > end) throw error;
        await sleep(100);
      }
    }
  };
  const client = await connect();
  const events: CheckinEvent[] = [];
  let arrived = (): void => undefined;
  let isReady = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    isReady = resolve;
  });
  client.on('message', (where, payload) => {
    const message = JSON.parse(payload.toString()) as { state?: string };
    if (message.state === 'ready') isReady();
    if (where === topic) {
      events.push(message as CheckinEvent);
      arrived();
    }
  });
  await client.subscribeAsync(['muster/1/default/station-1/state', topic], { qos: 1 });
  return {
    topic,
    ready: within('the station to be ready', ready),
    async next(): Promise<CheckinEvent> {
      if (events.length === 0) {
        const event = new Promise<void>((resolve) => {
          arrived = resolve;
        });
        await within('the event', event);
      }
      return events.shift() as CheckinEvent;
    },
    end: () => client.endAsync(),
  };
}

function outcomeOf({ decision, reason, subject }: CheckinEvent): string {
  return decision === 'accepted' ? `accepted ${subject}` : `rejected ${reason}`;
}

/** The code in the reason file that the station puts beside a file that it set aside. */
async function failureOf(file: string): Promise<string> {
  const path = join(inbox, 'failed', `${file}.reason.json`);
  const end = Date.now() + patienceMs;
  for (;;) {
    try {
      return (JSON.parse(await readFile(path, 'utf8')) as { code: string }).code;
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(100);
    }
  }
}

/** A photo whose second half is missing. */
async function brokenPhoto(): Promise<Buffer> {
  const photo = await portraits.clara();
  return photo.subarray(0, photo.length / 2);
}

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const late = sleep(patienceMs, undefined, { signal: stop.signal }).then(() => {
    throw new Error(`waited ${patienceMs / 1000} s for ${what}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
    late.catch(() => undefined);
  }
}

function heading(text: string): void {
  say(`── ${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
