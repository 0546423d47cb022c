import { mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { subscribe } from '../support/broker.ts';
import { muster, startStation, type RunningStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';
import { fuzzCorpus, type FuzzFile } from './corpus.ts';
import { outcomesOf } from './outcomes.ts';

/** The files are a second apart, from 2026-11-23T09:00:00Z on, so that an event tells whose it is. */
const capturedAt = (number: number) => (1_795_424_400 + number) * 1000;

const timeoutS = 10;
/** Between two outcomes: the configured time, and a new worker after it. */
const longestPauseMs = (timeoutS + 5) * 1000;
/** For all files together, with the machine busy. */
const patienceMs = 75_000;
const stopMs = 10_000;

/**
 * What a station keeps once it has seen the largest photos, MB: program, models, what ONNX Runtime and the allocator hold for
 * the largest input so far (measured: 440).
 */
const workingSetMb = 550;
/** What a decoder may hold of each pixel: a progressive JPEG in CMYK has four coefficients of two bytes. */
const bytesPerPixel = 8;

it(
  'gives each of hundreds of hostile files one outcome, in bounded time and memory',
  { timeout: 150_000 },
  async () => {
    const dir = await temporaryFolder();
    const inbox = join(dir, 'data', 'inbox');
    const env = {
      MUSTER_MQTT__EMBEDDED__PORT: '0',
      MUSTER_CAPTURE__FOLDER__GRACE_S: '0',
      MUSTER_CAPTURE__FOLDER__RESCAN_S: '5',
      MUSTER_VISION__TIMEOUT_S: String(timeoutS),
      MUSTER_DECISION__COOLDOWN_S: '0',
    };
    await mkdir(join(dir, 'people'));
    await writeFile(join(dir, 'people', 'alice.jpg'), await portraits.alice());
    expect((await muster(dir, ['enroll', 'people'], env)).status).toBe(0);
    const maxPixels = (await loadConfig({ env })).vision.max_mpx * 1e6;
    const files = await fuzzCorpus(await portraits.aliceAgain(), maxPixels);
    expect(files.length).toBeGreaterThanOrEqual(400);

    const station = startStation(dir, env);
    await station.ready;
    const { messages } = await subscribe(brokerOf(station), 'muster/1/default/station-1/checkin');
    const events = () => messages.map(({ payload }) => JSON.parse(payload) as CheckinEvent);
    const started = Date.now();
    await dropAll(files, join(dir, 'prepared'), inbox);
    const isEmpty = async () => (await readdir(inbox)).every((name) => name === 'failed');
    // What is left then is told below, by name.
    await eventually('an empty inbox', isEmpty, patienceMs).catch(() => undefined);
    const tookS = (Date.now() - started) / 1000;
    // A file goes when its event is on disk; the last events may still be on their way to the subscriber.
    await sleep(2_000);

    const outcomes = await outcomesOf(files, events(), inbox, capturedAt);
    const decided = outcomes.filter(({ event }) => event !== undefined).length;
    expect.soft(outcomes.filter(({ right }) => !right).map(({ text }) => text)).toEqual([]);
    expect.soft(events().length).toBe(decided);
    expect.soft(new Set(events().map(({ event_id }) => event_id)).size).toBe(decided);
    const pauseMs = longestPause(outcomes.flatMap(({ at }) => at ?? []));
    expect.soft(pauseMs).toBeLessThan(longestPauseMs);

    // After all that it works as before.
    await writeFile(join(inbox, 'alice.jpg'), await portraits.aliceAgain());
    await eventually('the event of a good photo', () => events().length > decided);
    expect.soft(events().at(-1)).toMatchObject({ decision: 'accepted', subject: 'alice' });
    const peakMb = await peakMemoryMb(station);
    expect.soft(peakMb ?? 0).toBeLessThan(workingSetMb + (maxPixels * bytesPerPixel) / 2 ** 20);
    const stopping = Date.now();
    expect(await station.stop()).toBe(0);
    expect.soft(Date.now() - stopping).toBeLessThan(stopMs);
    console.log(
      `${files.length} files in ${tookS} s, ${decided} decided, ${pauseMs} ms between two at the most, ${peakMb} MB`,
    );
  },
);

/** Address of the station's own broker, from its log. */
function brokerOf({ lines }: RunningStation): string {
  return String(lines.find(({ msg }) => msg.startsWith('the embedded broker listens'))?.['url']);
}

/** Writes the files beside the inbox and renames them into it, so that they appear all at once. */
async function dropAll(files: readonly FuzzFile[], beside: string, inbox: string): Promise<void> {
  const path = (dir: string, name: Buffer) => Buffer.concat([Buffer.from(`${dir}/`), name]);
  await mkdir(beside);
  for (const [number, { name, bytes }] of files.entries()) {
    await writeFile(path(beside, name), bytes);
    await utimes(path(beside, name), capturedAt(number) / 1000, capturedAt(number) / 1000);
  }
  for (const { name } of files) await rename(path(beside, name), path(inbox, name));
}

function longestPause(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.max(...sorted.slice(1).map((time, i) => time - sorted[i]!));
}

/** The most that the process ever had in memory, MB; null where the system doesn't tell (proc(5), VmHWM). */
async function peakMemoryMb({ child }: RunningStation): Promise<number | null> {
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
  const kb = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kb === undefined ? null : Math.round(Number(kb) / 1024);
}
