import { randomBytes } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Gallery } from '../../../src/gallery/contract.ts';
import { stationTopics } from '../../../src/broker/topics.ts';
import { infoSchema } from '../../../src/telemetry/payloads.ts';
import { subscribe } from '../../support/broker.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../../support/mosquitto.ts';
import { seededRandom } from '../../../src/lib/random.ts';
import { startStation } from '../../support/station.ts';
import { eventually, temporaryFolder } from '../../support/tools.ts';
import { galleryStore, templates } from '../support.ts';
import { bigQueue, keys, publish, syncing } from './support.ts';

const count = 10_000;
const length = 192;
const [setA, setB] = [templates(count, { length }), templates(count, { length, seed: 2 })];
const title = (text: string) => (hasMosquitto ? text : `${text} (${withoutMosquitto})`);
const seconds = (n: number) => ({ timeout: n * 1000 });
/** Read by who runs the tests, to compare with the figures in docs/gallery-sync.md. */
const figure = (text: string) => process.stdout.write(`${text}\n`);

/** Which of the sets a gallery is, told by searching: from the first subject to the last it must be the same one. */
async function setOf(gallery: Gallery): Promise<'none' | 'A' | 'B'> {
  if (gallery.templates === 0) return 'none';
  expect(gallery.templates).toBe(count);
  const found: ('A' | 'B')[][] = [];
  for (const index of [0, 4_999, 9_999]) {
    const like = async (name: 'A' | 'B') => {
      const { subject, embedding } = (name === 'A' ? setA : setB)[index]!;
      const [best] = await gallery.search(embedding, 1);
      return best?.subject === subject && best.similarity > 0.999;
    };
    found.push([...((await like('A')) ? ['A' as const] : []), ...((await like('B')) ? ['B' as const] : [])]);
  }
  const [[name] = []] = found;
  expect(found, 'a mixed gallery').toEqual([[name], [name], [name]]);
  expect(name).toBeDefined();
  return name!;
}

describe('ten thousand templates', () => {
  it.skipIf(!hasMosquitto).each([
    ['in the clear', null],
    ['encrypted on the topics and on the disk', randomBytes(32)],
  ])(title('reach a fresh station in one sync, %s'), seconds(120), async (how, encryptionKey) => {
    const { url } = await startMosquitto(bigQueue);
    const form = { dimension: length, encryptionKey };
    const begun = performance.now();
    await publish(url, setA, form);
    const published = performance.now();
    const station = await syncing(url, form);
    await station.reaches(1, 60_000);
    const synced = performance.now();
    expect([await setOf(station.gallery()), station.arrived()]).toEqual(['A', count]);
    const one = setA.with(123, { ...setA[123]!, embedding: setB[123]!.embedding });
    expect(await publish(url, one, form)).toMatchObject({ sent: 1, unchanged: count - 1 });
    const changed = performance.now();
    await station.reaches(2);
    expect(station.arrived()).toBe(count + 1);
    figure(
      `10,000 templates, ${how}: published in ${Math.round(published - begun)} ms, at a fresh station in ${Math.round(synced - published)} ms; ` +
        `one changed: published in ${Math.round(changed - synced)} ms, in use ${Math.round(performance.now() - changed)} ms later`,
    );
  });

  it.skipIf(!hasMosquitto)(
    title('are never seen mixed while sets replace each other'),
    seconds(120),
    async () => {
      const { url } = await startMosquitto(bigQueue);
      const station = await syncing(url, { dimension: length });
      const stop = new AbortController();
      let looks = 0;
      const seen: string[] = [];
      const matching = (async () => {
        while (!stop.signal.aborted) {
          const set = await setOf(station.gallery());
          if (seen.at(-1) !== set) seen.push(set);
          looks += 1;
          await sleep(20);
        }
      })();
      for (const [index, set] of [setA, setB, setA].entries()) {
        await publish(url, set, { dimension: length });
        await station.reaches(index + 1, 30_000);
      }
      await sleep(50);
      stop.abort();
      await matching;
      expect(seen).toEqual(['none', 'A', 'B', 'A']);
      figure(`${looks} looks at the gallery, none of them mixed`);
    },
  );

  it.skipIf(!hasMosquitto)(
    title('with a queue that is too short the station says that they are truncated'),
    seconds(60),
    async () => {
      const { url } = await startMosquitto();
      await publish(url, setA, { dimension: length });
      const station = await syncing(url, { dimension: length });
      await station.warns(/set of rev 1 is truncated or changed: it has 10000 templates, \d+ have arrived/);
      figure(`with Mosquitto's default queue: ${station.alert() ?? ''}`);
      expect(station.gallery().templates).toBe(0);
    },
  );
});

it.skipIf(!hasMosquitto)(
  title('a station that is killed again and again keeps whole, encrypted sets only, and finishes'),
  seconds(240),
  async () => {
    const { url } = await startMosquitto(bigQueue);
    const dir = await temporaryFolder();
    const encryptionKey = randomBytes(32);
    const keyFile = join(dir, 'gallery.aes');
    await writeFile(keyFile, encryptionKey.toString('base64'));
    const env = {
      MUSTER_MQTT__URL: url,
      MUSTER_MQTT__RECONNECT_MIN_MS: '50',
      MUSTER_GALLERY__PUBLIC_KEY: keys.publicBase64,
      MUSTER_GALLERY__ENCRYPTION_KEY_FILE: keyFile,
    };
    const topics = stationTopics({ site: 'default', station: 'station-1' });
    const { messages } = await subscribe(url, topics.galleryReported);
    // The station itself says of which models the templates have to be.
    const { messages: infos } = await subscribe(url, topics.info);
    const before = startStation(dir, env);
    await before.ready;
    await eventually('its info', () => infos.length > 0);
    await before.stop();
    const { model: fingerprint } = infoSchema.parse(JSON.parse(infos[0]!.payload));
    const dimension = length;

    const stop = new AbortController();
    const seen: string[] = [];
    let looks = 0;
    const matching = (async () => {
      const reader = galleryStore(join(dir, 'data/gallery/main'), { fingerprint, dimension, encryptionKey });
      while (!stop.signal.aborted) {
        const set = await setOf(await reader.load());
        if (seen.at(-1) !== set) seen.push(set);
        looks += 1;
        await sleep(5);
      }
    })();
    const random = seededRandom(7);
    let kills = 0;
    const killSome = async (times: number) => {
      for (let i = 0; i < times; i += 1) {
        const station = startStation(dir, env);
        await station.ready;
        await sleep(random() * 1500);
        await station.kill();
        kills += 1;
      }
    };
    await publish(url, setA, { fingerprint, dimension, encryptionKey });
    await killSome(5);
    await Promise.all([publish(url, setB, { fingerprint, dimension, encryptionKey }), killSome(3)]);
    await killSome(4);
    const station = startStation(dir, env);
    await station.ready;
    await eventually('the newest set', () => seen.at(-1) === 'B', 60_000);
    await eventually('the report', () => /"rev":2,"status":"in_sync"/.test(messages.at(-1)?.payload ?? ''));
    stop.abort();
    await matching;
    expect(seen.filter((set) => set === 'B')).toHaveLength(1);
    expect(await station.stop()).toBe(0);
    const folder = join(dir, 'data/gallery/main');
    for (const name of await readdir(folder)) {
      const bytes = await readFile(join(folder, name));
      expect(bytes.includes('s-4999'), name).toBe(false);
    }
    figure(`${kills} kills, ${looks} looks: ${seen.join(' → ')}`);
  },
);
