import { copyFile, cp, mkdir, readFile, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { bellaInFront, groupPhoto, portraits, scenery } from '../../demo/sample-photos.ts';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { payloadSchemas } from '../../src/payloads.ts';
import {
  type CheckinEvent,
  type InfoPayload,
  type MetricsPayload,
  type StatePayload,
} from '../../src/telemetry/payloads.ts';
import { startBroker, subscribe, type Message } from '../support/broker.ts';
import { muster, startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const root = 'muster/1/default/station-1';
const seconds = (n: number) => ({ timeout: n * 1000 });

/** A folder with people enrolled, a broker, and a subscriber that sees everything. */
async function site(
  people: (keyof typeof portraits)[] = ['alice', 'bella'],
  settings: Record<string, string> = {},
) {
  const dir = await temporaryFolder();
  const broker = await startBroker();
  const env = {
    MUSTER_MQTT__URL: broker.url(),
    MUSTER_MQTT__RECONNECT_MIN_MS: '50',
    MUSTER_CAPTURE__FOLDER__GRACE_S: '0',
    ...settings,
  };
  await mkdir(join(dir, 'people'));
  for (const name of people) await writeFile(join(dir, 'people', `${name}.jpg`), await portraits[name]());
  if (people.length > 0) {
    const { status, stderr } = await muster(dir, ['enroll', 'people'], env);
    if (status !== 0) throw new Error(stderr);
  }
  const { client, messages } = await subscribe(broker.url());
  const on = (topic: string) => messages.filter((each) => each.topic === `${root}/${topic}`);
  // As every consumer must: a repeated delivery has the id of the first.
  const events = () => {
    const all = on('checkin').map((each) => JSON.parse(each.payload) as CheckinEvent);
    return [...new Map(all.map((event) => [event.event_id, event])).values()];
  };
  const newest = (topic: string): unknown => JSON.parse(on(topic).at(-1)?.payload ?? 'null');
  const last = {
    state: () => newest('state') as StatePayload | null,
    info: () => newest('info') as InfoPayload | null,
    metrics: () => newest('metrics') as MetricsPayload | null,
  };
  const drop = (name: string, photo: Buffer) => writeFile(join(dir, 'data', 'inbox', name), photo);
  return { dir, env, broker, client, messages, events, on, last, drop };
}

/** Every payload that was seen is one of its published schema. */
function expectContract(messages: readonly Message[]): void {
  for (const { topic, payload } of messages) {
    if (payload === '') continue;
    // config/reported has the schema config-reported; alert/<id> has alert.
    const path = topic.slice(root.length + 1).replace('/', '-');
    const name = (path in payloadSchemas ? path : path.split('-')[0]) as keyof typeof payloadSchemas;
    expect(() => payloadSchemas[name].strict().parse(JSON.parse(payload)), topic).not.toThrow();
    expect(Buffer.byteLength(payload)).toBeLessThan(32 * 1024);
  }
}

const outcome = ({ decision, reason, subject }: CheckinEvent) => (decision === 'accepted' ? subject : reason);

describe('a station', () => {
  it('decides what is put into its inbox, and tells of itself', seconds(60), async () => {
    const here = await site(['alice', 'bella'], { MUSTER_TELEMETRY__METRICS_S: '1' });
    const station = startStation(here.dir, here.env);
    await station.ready;
    const photos = {
      a: portraits.aliceAgain,
      b: portraits.stranger,
      c: scenery,
      d: bellaInFront,
    };
    for (const [name, photo] of Object.entries(photos)) {
      const before = here.events().length;
      await here.drop(`${name}.jpg`, await photo());
      await eventually(`the event of ${name}`, () => here.events().length > before);
    }
    await here.drop('again.jpg', await portraits.aliceAgain());
    await eventually('the repeat', () => here.events().length === 5);
    expect(here.events().map(outcome)).toEqual(['alice', 'unknown', 'no_face', 'bella', 'cooldown']);
    expect(here.events()[3]?.faces_total).toBe(4);
    await eventually('metrics of all', () => here.last.metrics()?.totals.captures === 5);
    expect(here.last.metrics()).toMatchObject({
      decisions: { accepted: 2, rejected: 3 },
      accept_rate_pct: 40,
      reasons: { unknown: 1, no_face: 1, cooldown: 1 },
    });
    expect(here.last.info()?.gallery).toMatchObject({
      name: 'main',
      subjects: 2,
      templates: 2,
    });
    expect(here.last.state()?.state).toBe('ready');
    expect(await station.stop()).toBe(0);
    await eventually('its last word', () => here.last.state()?.state === 'stopped');
    expect(here.on('health').length).toBeGreaterThan(0);
    expectContract(here.messages);
    expect(here.messages.every((each) => !each.retain)).toBe(true);
    expect(await readdir(join(here.dir, 'data', 'inbox'))).toEqual([]);
    // No name of a file, no subject and no path of a photo is in the log.
    expect(JSON.stringify(station.lines)).not.toMatch(/alice|bella|again\.jpg/);
  });

  it('leaves its will when it is killed, and keeps the cool-down over a restart', seconds(60), async () => {
    const here = await site();
    const first = startStation(here.dir, here.env);
    await first.ready;
    await here.drop('a.jpg', await portraits.aliceAgain());
    await eventually('the event', () => here.events().length === 1);
    const session = here.last.state()?.session;
    await first.kill();
    await eventually('the will', () => here.last.state()?.state === 'lost');
    expect(here.last.state()?.session).toBe(session);

    const second = startStation(here.dir, here.env);
    await second.ready;
    await here.drop('b.jpg', await portraits.aliceAgain());
    await eventually('the repeat', () => here.events().length === 2);
    expect(here.events().map(outcome)).toEqual(['alice', 'cooldown']);
    expect(here.events().map((each) => each.seq)).toEqual([1, 2]);
    expect(await second.stop()).toBe(0);
  });

  it('works while the broker is away, and tells it later, as replayed', seconds(60), async () => {
    const here = await site();
    const port = new URL(here.broker.url()).port;
    const station = startStation(here.dir, here.env);
    await station.ready;
    await here.broker.close();
    await here.drop('a.jpg', await portraits.aliceAgain());
    const inbox = join(here.dir, 'data', 'inbox');
    await eventually('an empty inbox', async () => (await readdir(inbox)).length === 0);
    await startBroker(Number(port));
    await eventually('the event', () => here.events().length === 1);
    expect(here.events()[0]).toMatchObject({ replayed: true, subject: 'alice', seq: 1 });
    expect(await station.stop()).toBe(0);
  });

  it('tells how many events it gave up when it may drop the oldest', seconds(60), async () => {
    const here = await site([], {
      MUSTER_OUTBOX__MAX_EVENTS: '100',
      MUSTER_OUTBOX__WHEN_FULL: 'drop_oldest',
      MUSTER_TELEMETRY__METRICS_S: '1',
    });
    const port = new URL(here.broker.url()).port;
    const station = startStation(here.dir, here.env);
    await station.ready;
    await here.broker.close();
    const photo = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'grey' } })
      .jpeg()
      .toBuffer();
    for (let i = 0; i < 105; i += 1) await here.drop(`${i}.jpg`, photo);
    const inbox = join(here.dir, 'data', 'inbox');
    await eventually('an empty inbox', async () => (await readdir(inbox)).length === 0, 40_000);
    await startBroker(Number(port));
    // The alert is counted anew each second, and may tell of fewer first.
    const alert = () => here.on('alert/outbox-dropped').at(-1)?.payload ?? '';
    await eventually('the alert', () => alert().includes(': 5 events were given up unsent'));
    await eventually('the hundred that are left', () => here.events().length === 100);
    expect(here.events()[0]?.seq).toBe(6);
    expect(await station.stop()).toBe(0);
  });

  it('takes up a new gallery while it runs', seconds(60), async () => {
    const here = await site([]);
    const station = startStation(here.dir, here.env);
    await station.ready;
    await here.drop('a.jpg', await portraits.aliceAgain());
    await eventually('the first event', () => here.events().length === 1);
    await writeFile(join(here.dir, 'people', 'alice.jpg'), await portraits.alice());
    expect((await muster(here.dir, ['enroll', 'people'], here.env)).status).toBe(0);
    await eventually('the new gallery', () => here.last.info()?.gallery.subjects === 1);
    await here.drop('b.jpg', await portraits.aliceAgain());
    await eventually('the second event', () => here.events().length === 2);
    expect(here.events().map(outcome)).toEqual(['gallery_empty', 'alice']);
    expect(here.events().map((each) => each.gallery_rev)).toEqual([0, 1]);
    expect(await station.stop()).toBe(0);
  });

  it('gives each recognised subject an event with the policy every', seconds(60), async () => {
    const here = await site(['alice', 'bella'], { MUSTER_DECISION__POLICY: 'every' });
    const station = startStation(here.dir, here.env);
    await station.ready;
    // Alice and Bella, beside somebody else.
    await here.drop('group.jpg', await readFile(groupPhoto(1)));
    await eventually('both events', () => here.events().length === 2);
    expect(new Set(here.events().map(outcome))).toEqual(new Set(['alice', 'bella']));
    expect(new Set(here.events().map((each) => each.event_id)).size).toBe(2);
    expect(await station.stop()).toBe(0);
  });

  it('finishes the capture under way and leaves the others when it is stopped', seconds(60), async () => {
    const here = await site();
    const inbox = join(here.dir, 'data', 'inbox');
    await mkdir(inbox, { recursive: true });
    const photo = await portraits.stranger();
    for (let i = 0; i < 60; i += 1) await here.drop(`${i}.jpg`, photo);
    const station = startStation(here.dir, here.env);
    await eventually('the first events', () => here.events().length > 2);
    expect(await station.stop()).toBe(0);
    const left = (await readdir(inbox)).length;
    expect(left).toBeGreaterThan(0);
    expect(here.events().length).toBe(60 - left);
  });
});

describe('a station that can not start', () => {
  it('says who uses its data', seconds(60), async () => {
    const here = await site([]);
    const first = startStation(here.dir, here.env);
    await first.ready;
    expect(await muster(here.dir, ['station'], here.env)).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/in use by another process[^]*data_dir/) as string,
    });
    await first.stop();
  });

  it('says that its port is taken, and what to do', seconds(60), async () => {
    const here = await site([]);
    const port = new URL(here.broker.url()).port;
    const { MUSTER_MQTT__URL: _, ...env } = here.env;
    expect(await muster(here.dir, ['station'], { ...env, MUSTER_MQTT__EMBEDDED__PORT: port })).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/the port is in use[^]*MUSTER_MQTT__URL=/) as string,
    });
  });

  it('refuses a damaged model', seconds(60), async () => {
    const here = await site([]);
    const models = join(here.dir, 'models');
    await cp(defaultModelsDir, models, { recursive: true });
    await truncate(join(models, 'rnet.onnx'), 1000);
    expect(
      await muster(here.dir, ['station'], { ...here.env, MUSTER_VISION__MODELS_DIR: models }),
    ).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/rnet\.onnx[^]*muster models build/) as string,
    });
  });

  it('refuses a model that was exchanged for another', seconds(60), async () => {
    const here = await site([]);
    const models = join(here.dir, 'models');
    await cp(defaultModelsDir, models, { recursive: true });
    await copyFile(join(models, 'rnet.onnx'), join(models, 'onet.onnx'));
    expect(
      await muster(here.dir, ['station'], { ...here.env, MUSTER_VISION__MODELS_DIR: models }),
    ).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/onet\.onnx[^]*muster models build/) as string,
    });
  });

  it('names a wrong setting', async () => {
    const dir = await temporaryFolder();
    expect(await muster(dir, ['station'], { MUSTER_STATION: 'Door 1' })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('MUSTER_STATION') as string,
    });
  });

  it('says that its data can not be kept there', async () => {
    const dir = await temporaryFolder();
    await writeFile(join(dir, 'data'), '');
    expect(await muster(dir, ['station'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('data_dir') as string,
    });
  });
});
