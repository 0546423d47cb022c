import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import type { CheckinEvent, HealthPayload, StatePayload } from '../../src/telemetry/payloads.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { doorway, film, hasFfmpeg, startCamera, withoutFfmpeg, writeVideo } from '../support/camera-film.ts';
import { muster, startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const root = 'muster/1/default/station-1';
const outcome = ({ decision, reason, subject }: CheckinEvent) => (decision === 'accepted' ? subject : reason);

/** A site where Alice and Bella are enrolled, and whoever listens to its broker. */
async function site(settings: Readonly<Record<string, string>>) {
  const dir = await temporaryFolder();
  const broker = await startBroker();
  const env = {
    MUSTER_MQTT__URL: broker.url(),
    MUSTER_TELEMETRY__HEALTH_S: '1',
    MUSTER_DECISION__VOTE__GONE_S: '2',
    // The machine may be busy with other tests, and analyse a frame or two a second.
    MUSTER_DECISION__VOTE__WINDOW_S: '5',
    MUSTER_CAPTURE__CAMERA__FPS: '10',
    MUSTER_CAPTURE__CAMERA__STALL_S: '2',
    ...settings,
  };
  await mkdir(join(dir, 'people'));
  for (const name of ['alice', 'bella'] as const)
    await writeFile(join(dir, 'people', `${name}.jpg`), await portraits[name]());
  const { status, stderr } = await muster(dir, ['enroll', 'people'], env);
  if (status !== 0) throw new Error(stderr);
  const { messages } = await subscribe(broker.url());
  const on = <T>(topic: string) =>
    messages
      .filter((each) => each.topic === `${root}/${topic}` && each.payload !== '')
      .map((each) => JSON.parse(each.payload) as T);
  const state = () => on<StatePayload>('state').at(-1)?.state;
  return { dir, env, on, state, events: () => on<CheckinEvent>('checkin') };
}

/** Ids of the processes whose command line holds these words. */
function processesWith(words: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(words);
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe('a station with a camera', () => {
  it(
    'checks each known person in once for each visit, and tells of a stranger once',
    { timeout: 120_000 },
    async () => {
      const camera = await startCamera();
      const here = await site({
        MUSTER_CAPTURE__CAMERA__SOURCE: 'http-mjpeg',
        MUSTER_CAPTURE__CAMERA__URL: camera.url('/mjpeg'),
        MUSTER_DECISION__COOLDOWN_S: '0',
        MUSTER_CAPTURE__RECORD__ENABLED: 'true',
      });
      const station = startStation(here.dir, here.env);
      await station.ready;
      const empty = await doorway(null);
      const visitors = ['aliceAgain', 'stranger', 'bellaAgain', 'aliceAgain'] as const;
      for (const [n, name] of visitors.entries()) {
        camera.show(empty);
        await sleep(4_000);
        const person = await portraits[name]();
        const poses = await Promise.all([0, 1, 2, 3].map((step) => doorway(person, step)));
        let pose = 0;
        const swaying = setInterval(() => camera.show(poses[pose++ % poses.length]!), 100);
        // They stay a while after they were decided about.
        await eventually(`the event of ${name}`, () => here.events().length === n + 1, 30_000);
        await sleep(2_000);
        clearInterval(swaying);
      }
      camera.show(empty);
      await sleep(4_000);
      expect(here.events().map(outcome)).toEqual(['alice', 'unknown', 'bella', 'alice']);
      for (const { visit, latency_ms, captured_at, decided_at } of here.events()) {
        expect(visit?.usable).toBeGreaterThanOrEqual(3);
        expect(visit!.agreeing / visit!.usable).toBeGreaterThanOrEqual(0.6);
        expect(visit!.total_ms).toBeGreaterThanOrEqual(latency_ms.total);
        expect(Date.parse(visit!.first_at)).toBeLessThanOrEqual(Date.parse(captured_at));
        expect(Date.parse(captured_at)).toBeLessThanOrEqual(Date.parse(decided_at));
      }
      expect(new Set(here.events().map((event) => event.event_id)).size).toBe(4);
      const health = here.on<HealthPayload>('health').at(-1)!;
      expect(health.camera).toMatchObject({ state: 'running', restarts: 0 });
      expect(health.camera!.analysed).toBeLessThan(health.camera!.frames / 2);
      // A photo in the inbox is decided by itself meanwhile.
      await writeFile(join(here.dir, 'data', 'inbox', 'a.jpg'), await portraits.bellaAgain());
      await eventually('the photo', () => here.events().length === 5);
      expect(here.events()[4]).toMatchObject({ subject: 'bella' });
      expect(here.events()[4]).not.toHaveProperty('visit');
      expect(await station.stop()).toBe(0);

      // What was recorded tells what another policy would have decided.
      const recorded = join(here.dir, 'data', 'recorded', 'recording.jsonl');
      const same = await muster(here.dir, ['replay', '--json', recorded], here.env);
      expect(same).toMatchObject({ status: 0, stderr: '' });
      const { decisions } = JSON.parse(same.stdout) as { decisions: { before: string; after: string }[] };
      expect(decisions.map(({ before }) => before)).toEqual(['alice', 'unknown', 'bella', 'alice', 'bella']);
      expect(decisions.every(({ before, after }) => before === after)).toBe(true);
      const strict = await muster(
        here.dir,
        ['replay', recorded, '--set', 'decision.threshold=0.99'],
        here.env,
      );
      expect(strict.stdout).toMatch(/alice +unknown/);
    },
  );

  it.skipIf(!hasFfmpeg)(
    `plays a video with ffmpeg, which ends with it${hasFfmpeg ? '' : ` (${withoutFfmpeg})`}`,
    { timeout: 90_000 },
    async () => {
      const video = join(await temporaryFolder(), 'door.avi');
      const person = await portraits.aliceAgain();
      await writeVideo(
        video,
        await film(
          [
            { person: null, seconds: 2 },
            { person, seconds: 4 },
          ],
          10,
        ),
        10,
      );
      const here = await site({
        MUSTER_CAPTURE__CAMERA__SOURCE: 'ffmpeg',
        MUSTER_CAPTURE__CAMERA__URL: `file://${video}`,
      });
      const players = () => processesWith(video);
      const station = startStation(here.dir, here.env);
      await station.ready;
      await eventually('an event', () => here.events().length > 0, 20_000);
      expect(here.events()[0]).toMatchObject({ subject: 'alice', decision: 'accepted' });
      const [first] = players();

      // It hangs: a stopped process takes no SIGTERM.
      process.kill(first!, 'SIGSTOP');
      await eventually('the alert', () => here.on('alert/camera-failing').length > 0, 20_000);
      await eventually('degraded', () => here.state() === 'degraded');
      await eventually('ready again', () => here.state() === 'ready', 20_000);
      expect(players()).not.toContain(first);

      // It dies.
      const [second] = players();
      const alerts = here.on('alert/camera-failing').length;
      process.kill(second!, 'SIGKILL');
      await eventually('the next alert', () => here.on('alert/camera-failing').length > alerts);
      await eventually('ready once more', () => here.state() === 'ready', 20_000);

      // The station is killed, and can take nobody along by itself.
      const third = players();
      expect(third).toHaveLength(1);
      await station.kill();
      await eventually('the end of ffmpeg', () => players().length === 0);

      const again = startStation(here.dir, here.env);
      await again.ready;
      await eventually('ffmpeg', () => players().length === 1);
      expect(await again.stop()).toBe(0);
      expect(players()).toEqual([]);
    },
  );
});
