import { createPrivateKey, randomBytes } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { signManifest } from '../../../src/gallery/sync/manifest.ts';
import { manifestSchema, templateSchema } from '../../../src/gallery/sync/payloads.ts';
import { writeTemplate } from '../../../src/gallery/sync/template.ts';
import { startBroker, subscribe } from '../../support/broker.ts';
import { hasMosquitto, startMosquitto, withoutMosquitto } from '../../support/mosquitto.ts';
import { eventually } from '../../support/tools.ts';
import { fingerprint, randomEmbedding, seededRandom, templates } from '../support.ts';
import { address, bigQueue, brokers, keys, otherKeys, publish, syncing, topics, vandal } from './support.ts';

const [first, changed] = [templates(30), templates(30, { seed: 2 })];
const one = { ...first[7]!, embedding: changed[7]!.embedding };
const withOneChanged = first.with(7, one);

describe.each(brokers)('with $name', ({ start, missing }) => {
  it.skipIf(missing)('a fresh station gets the gallery; a change of one moves one template', async () => {
    const url = await start();
    expect(await publish(url, first)).toMatchObject({ rev: 1, sent: 30, deleted: 0, unchanged: 0 });
    const station = await syncing(url);
    await station.reaches(1);
    expect([...station.gallery().list()]).toHaveLength(30);
    await eventually('the report', async () => (await station.reported()).status === 'in_sync');
    expect(await station.reported()).toMatchObject({ gallery: 'main', rev: 1, templates: 30 });

    const arrived = station.arrived();
    const { messages } = await subscribe(url, 'muster/1/default/gallery/#');
    await eventually('what is retained', () => messages.length === 31);
    expect(await publish(url, withOneChanged)).toMatchObject({ rev: 2, sent: 1, unchanged: 29 });
    await station.reaches(2);
    expect(station.arrived() - arrived).toBe(1);
    expect(messages.slice(31).map(({ topic }) => topic)).toEqual([
      topics.template('s-7', 0),
      topics.manifest,
    ]);
    expect(await station.gallery().search(one.embedding, 1)).toMatchObject([{ subject: 's-7' }]);
    expect(station.galleries.map(({ revision }) => revision)).toEqual([0, 1, 2]);
    for (const { topic, payload } of messages) {
      const schema = topic === topics.manifest ? manifestSchema : templateSchema;
      expect(() => schema.strict().parse(JSON.parse(payload))).not.toThrow();
    }
    // Publishing the same again sends nothing.
    expect(await publish(url, withOneChanged)).toMatchObject({ rev: 2, sent: 0, deleted: 0 });
    expect(messages).toHaveLength(33);
  });

  it.skipIf(missing)('who is removed is deleted everywhere', async () => {
    const url = await start();
    await publish(url, first);
    const station = await syncing(url);
    await station.reaches(1);
    expect(await publish(url, first.slice(5))).toMatchObject({ rev: 2, sent: 0, deleted: 5 });
    await station.reaches(2);
    expect(station.gallery()).toMatchObject({ subjects: 25, templates: 25 });
    const { messages } = await subscribe(url, topics.templates);
    await eventually('what is retained', () => messages.length === 25);
  });

  it.skipIf(missing)('a station that was away finds its way to the newest set', async () => {
    const url = await start();
    await publish(url, first);
    const station = await syncing(url);
    await station.reaches(1);
    await station.close();
    await publish(url, first.slice(10));
    await publish(url, [...changed.slice(0, 12), ...first.slice(12)]);
    const back = await syncing(url, { dir: station.dir });
    await back.reaches(3);
    expect(back.galleries.map(({ revision }) => revision)).toEqual([1, 3]);
    expect(back.gallery().templates).toBe(30);
  });
});

it.skipIf(!hasMosquitto)(
  hasMosquitto
    ? 'what a station missed in a session that the broker keeps is sent to it, and no more'
    : withoutMosquitto,
  async () => {
    const { url } = await startMosquitto(bigQueue);
    await publish(url, first);
    const kept = { connection: { sessionExpiryS: 60 } };
    const station = await syncing(url, kept);
    await station.reaches(1);
    await station.close();
    await publish(url, withOneChanged);
    const back = await syncing(url, { ...kept, dir: station.dir });
    await back.reaches(2);
    expect(back.arrived()).toBe(1);
  },
);

it('a gallery that can not be written is told of, and taken when it can', async () => {
  const url = (await startBroker()).url();
  await publish(url, first);
  const station = await syncing(url);
  await station.reaches(1);
  await rename(station.dir, `${station.dir}.away`);
  await writeFile(station.dir, 'in the way');
  await publish(url, withOneChanged);
  await station.warns(/can't be taken: the gallery in .* can't be read/);
  expect(station.gallery().revision).toBe(1);
  await rm(station.dir);
  await rename(`${station.dir}.away`, station.dir);
  station.sync.look();
  await station.reaches(2);
  await station.calms();
});

it('a station in sync asks for no template when it comes back', async () => {
  const broker = await startBroker();
  await publish(broker.url(), first);
  const station = await syncing(broker.url());
  await station.reaches(1);
  await station.close();
  const back = await syncing(broker.url(), { dir: station.dir });
  await eventually('the report', async () => (await back.reported()).status === 'in_sync');
  expect(back.arrived()).toBe(0);
});

describe('encrypted', () => {
  const encryptionKey = randomBytes(32);

  it('the templates are of use to those who have the key only', async () => {
    const url = (await startBroker()).url();
    await publish(url, first);
    const station = await syncing(url, { encryptionKey });
    await station.reaches(1);
    // In the clear before: each is sent again.
    expect(await publish(url, withOneChanged, { encryptionKey })).toMatchObject({ rev: 2, sent: 30 });
    await station.reaches(2);
    const payload = templateSchema.parse(
      JSON.parse(await (await vandal(url)).get(topics.template('s-7', 0))),
    );
    expect(Object.keys(payload).toSorted()).toEqual(['ciphertext', 'fingerprint', 'nonce', 'schema', 'tag']);
    expect(await publish(url, withOneChanged, { encryptionKey })).toMatchObject({ rev: 2, sent: 0 });

    const keyless = await syncing(url, { connection: { clientId: 'keyless' } });
    await keyless.warns(/template s-\d+\/0 is encrypted/);
    const wrong = await syncing(url, { encryptionKey: randomBytes(32), connection: { clientId: 'wrong' } });
    await wrong.warns(/template s-\d+\/0 can not be decrypted/);
    expect([keyless.gallery().revision, wrong.gallery().revision]).toEqual([0, 0]);
  });

  it('a template can not be moved to another subject', async () => {
    const url = (await startBroker()).url();
    await publish(url, first, { encryptionKey });
    const intruder = await vandal(url);
    await intruder.put(topics.template('s-1', 0), await intruder.get(topics.template('s-2', 0)));
    const station = await syncing(url, { encryptionKey });
    await station.warns(/template s-1\/0 can not be decrypted/);
    expect(station.gallery().revision).toBe(0);
  });
});

describe('refused, with the set in use kept', () => {
  /** A station with rev 2 in use, and the manifests of rev 1 and 2. */
  async function inUse() {
    const url = (await startBroker()).url();
    const intruder = await vandal(url);
    await publish(url, first);
    const manifest1 = await intruder.get(topics.manifest);
    const station = await syncing(url);
    await station.reaches(1);
    const { digest } = await publish(url, withOneChanged);
    await station.reaches(2);
    const manifest2 = await intruder.get(topics.manifest);
    const refuses = async (pattern: RegExp) => {
      await station.warns(pattern);
      await eventually('the report', async () => (await station.reported()).status === 'refused');
      expect(await station.reported()).toMatchObject({
        rev: 2,
        digest,
        error: expect.stringMatching(pattern) as string,
      });
      expect(station.gallery().digest).toBe(digest);
    };
    return { url, intruder, station, manifest1, manifest2, refuses };
  }

  it('a manifest whose signature is wrong', async () => {
    const { url, intruder, station, manifest2, refuses } = await inUse();
    const forged = { ...manifestSchema.parse(JSON.parse(manifest2)), rev: 3, templates: 29 };
    await intruder.put(topics.manifest, JSON.stringify(forged));
    await refuses(/signature of the manifest of rev 3 is wrong/);
    await expect(publish(url, changed)).rejects.toMatchObject({ code: 'gallery_rev' });
    await publish(url, changed, { rev: 4 });
    await station.reaches(4);
    await station.calms();
  });

  it('a manifest that is signed with another key, or for another gallery', async () => {
    const { url, intruder, station, manifest2, refuses } = await inUse();
    await publish(url, withOneChanged, { signedBy: otherKeys, rev: 3 });
    await refuses(/rev 3 is signed with another key/);
    const facts = { ...manifestSchema.parse(JSON.parse(manifest2)), rev: 4 };
    const elsewhere = signManifest({ ...address, name: 'other' }, facts, createPrivateKey(keys.privatePem));
    await intruder.put(topics.manifest, JSON.stringify({ ...elsewhere, schema: 'gallery-manifest/1' }));
    await refuses(/signature of the manifest of rev 4 is wrong/);
    expect(station.galleries.map(({ revision }) => revision)).toEqual([0, 1, 2]);
  });

  it.each(['{}', 'nothing', '['.repeat(40_000)])('a manifest that is none: %.8s', async (text) => {
    const { intruder, station, manifest2, refuses } = await inUse();
    await intruder.put(topics.manifest, text);
    await refuses(/manifest is malformed/);
    await intruder.put(topics.manifest, manifest2);
    await station.calms();
    await eventually('the report', async () => (await station.reported()).status === 'in_sync');
    expect(station.galleries).toHaveLength(3);
  });

  it('an old manifest that comes back, also after a restart', async () => {
    const { url, intruder, station, manifest1, manifest2, refuses } = await inUse();
    await intruder.put(topics.template('s-7', 0), writeTemplate('', first[7]!.embedding, plain));
    await intruder.put(topics.manifest, manifest1);
    await refuses(/an old manifest came back: its rev is 1, and 2 has been here/);
    await station.close();
    const again = await syncing(url, { dir: station.dir });
    await again.warns(/an old manifest came back/);
    expect(again.gallery().revision).toBe(2);
    await intruder.put(topics.manifest, manifest2);
    await again.calms();
  });

  it('a gallery of another model', async () => {
    const { url, station, refuses } = await inUse();
    await publish(url, changed, { fingerprint: 'facenet@sha256:2' });
    await refuses(/gallery of rev 3 was made with another model \(facenet/);
    await publish(url, changed);
    await station.reaches(4);
    await station.calms();
    expect(station.galleries.map(({ revision }) => revision)).toEqual([0, 1, 2, 4]);
  });

  it.each([
    [
      'of another model',
      writeTemplate('', one.embedding, { fingerprint: 'facenet', encryptionKey: null }),
      /other model/,
    ],
    ['that is no JSON', 'hello', /malformed/],
    ['that is not of length 1', JSON.stringify(flat(0.5)), /not of length 1/],
    ['with a number that is none', JSON.stringify(flat(Number.NaN)), /not of length 1/],
    ['that is cut short', JSON.stringify({ ...flat(1), embedding: 'AAAA' }), /cut short/],
  ])('a template %s', async (_, payload, pattern) => {
    const { url, intruder, station } = await inUse();
    // A revision that could not be met: one of its templates is replaced behind the publisher's back.
    await station.close();
    await publish(url, changed);
    await intruder.put(topics.template('s-4', 0), payload);
    const back = await syncing(url, { dir: station.dir });
    await back.warns(new RegExp(`the template s-4/0 .*${pattern.source}`));
    expect(back.gallery().revision).toBe(2);
    // The publisher puts it right.
    expect(await publish(url, changed)).toMatchObject({ rev: 3, sent: 1 });
    await back.reaches(3);
    await back.calms();
  });

  it('a truncated set', async () => {
    const { url, intruder, station } = await inUse();
    await station.close();
    await publish(url, changed);
    await intruder.put(topics.template('s-4', 0), '');
    const back = await syncing(url, { dir: station.dir });
    await back.warns(/set of rev 3 is truncated or changed: it has 30 templates, 29 have arrived/);
    expect(back.gallery().revision).toBe(2);
    expect(await publish(url, changed)).toMatchObject({ rev: 3, sent: 1 });
    await back.reaches(3);
    await back.calms();
  });

  it('a set with a template swapped', async () => {
    const { url, intruder, station } = await inUse();
    await station.close();
    await publish(url, changed);
    const stranger = randomEmbedding(seededRandom(99));
    await intruder.put(topics.template('s-4', 0), writeTemplate('', stranger, plain));
    const back = await syncing(url, { dir: station.dir });
    await back.warns(/set of rev 3 .* not the ones that were signed/);
    expect(back.gallery().revision).toBe(2);
  });
});

describe('rolled back', () => {
  it('the set before is used until a newer one comes, over restarts, or it is taken up again', async () => {
    const url = (await startBroker()).url();
    await publish(url, first);
    const station = await syncing(url);
    await station.reaches(1);
    await publish(url, changed);
    await station.reaches(2);
    expect(await station.sync.rollBack()).toMatchObject({ revision: 1 });
    await station.reaches(1);
    await eventually('the report', async () => (await station.reported()).rev === 1);
    expect(await station.reported()).toMatchObject({
      status: 'refused',
      error: 'rev 2 was rolled back by command',
    });
    await expect(station.sync.rollBack()).rejects.toMatchObject({ code: 'gallery_no_previous' });
    await station.close();

    const again = await syncing(url, { dir: station.dir });
    await eventually('the report', async () => (await again.reported()).rev === 1);
    expect([again.gallery().revision, again.alert()]).toEqual([1, null]);
    await again.sync.reload();
    await again.reaches(2);
    await again.sync.rollBack();
    await again.reaches(1);
    await publish(url, withOneChanged);
    await again.reaches(3);
  });
});

it('while the signing key is changed a station trusts the old one and the new one, and then the new one only', async () => {
  const url = (await startBroker()).url();
  await publish(url, first);
  const both = await syncing(url, { publicKeys: `${keys.publicBase64}\n${otherKeys.publicBase64}\n` });
  await both.reaches(1);
  await publish(url, changed, { signedBy: otherKeys, rev: 2 });
  await both.reaches(2);
  expect(both.alert()).toBeNull();
  await publish(url, first, { rev: 3 });
  await both.reaches(3);
  await both.close();
  const moved = await syncing(url, { publicKeys: otherKeys.publicPem, dir: both.dir });
  await moved.warns(/rev 3 is signed with another key/);
  expect(moved.gallery().revision).toBe(3);
});

describe('a station whose models were changed', () => {
  const models = `facenet@sha256:${'2'.repeat(64)}`;

  it('compares with nothing, says why, and takes up the set of its models', async () => {
    const url = (await startBroker()).url();
    await publish(url, first);
    const before = await syncing(url);
    await before.reaches(1);
    await before.close();

    const station = await syncing(url, { dir: before.dir, models, dimension: 8 });
    expect(station.gallery()).toMatchObject({ templates: 0, dimension: 8, fingerprint: models });
    expect(await station.gallery().search(randomEmbedding(seededRandom(1), 8), 1)).toEqual([]);
    await station.warns(/gallery of rev 1 was made with another model/);
    expect(station.alert('gallery-unused')).toMatch(/was made with edge@.*, the models in use are facenet@/);
    await eventually('the report', async () => (await station.reported()).status === 'refused');
    expect(await station.reported()).toMatchObject({ rev: 0, templates: 0 });
    // There is no way back to templates that it can't compare.
    await expect(station.sync.rollBack()).rejects.toMatchObject({ code: 'gallery_no_previous' });
    expect(station.gallery().templates).toBe(0);

    const fitting = templates(12, { length: 8 });
    await publish(url, fitting, { fingerprint: models, dimension: 8 });
    await station.reaches(2);
    expect(station.gallery()).toMatchObject({ templates: 12, fingerprint: models });
    await station.calms();
    await eventually('no other alert', () => station.alert('gallery-unused') === null);
    await expect(station.sync.rollBack()).rejects.toMatchObject({ code: 'gallery_no_previous' });
  });

  it('still refuses what was published before', async () => {
    const url = (await startBroker()).url();
    const fitting = templates(12, { length: 8 });
    await publish(url, fitting, { fingerprint: models, dimension: 8 });
    const replayed = await (await vandal(url)).get(topics.manifest);
    await publish(url, first);
    const before = await syncing(url);
    await before.reaches(2);
    await before.close();
    const intruder = await vandal(url);
    await intruder.put(topics.manifest, replayed);
    const station = await syncing(url, { dir: before.dir, models, dimension: 8 });
    await station.warns(/an old manifest came back: its rev is 1, and 2 has been here/);
    expect(station.gallery().templates).toBe(0);
  });
});

it('what is enrolled at a station that syncs is replaced by the published set', async () => {
  const url = (await startBroker()).url();
  const { digest } = await publish(url, first);
  const station = await syncing(url);
  await station.reaches(1);
  await station.store.apply({ put: [{ ...one, n: 1 }] });
  await eventually(
    'the published set',
    () => station.galleries.length >= 4 && station.gallery().digest === digest,
  );
});

it('a publisher that was interrupted leaves the set in use, and the next one sends the rest', async () => {
  const url = (await startBroker()).url();
  await publish(url, first);
  const station = await syncing(url);
  await station.reaches(1);
  const controller = new AbortController();
  const stopped = publish(url, changed, {
    signal: controller.signal,
    onProgress: (sent) => sent === 10 && controller.abort(),
  });
  await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
  expect(station.gallery().revision).toBe(1);
  const fresh = await syncing(url, { connection: { clientId: 'fresh' } });
  await fresh.warns(/set of rev 1 is truncated or changed/);
  const { sent, unchanged } = await publish(url, changed);
  expect(sent).toBeLessThanOrEqual(20);
  expect(sent + unchanged).toBe(30);
  await Promise.all([station.reaches(2), fresh.reaches(2)]);
  await fresh.calms();
});

const plain = { fingerprint, encryptionKey: null };

/** A template's payload of sixteen times the number. */
function flat(value: number) {
  const embedding = Buffer.from(new Float32Array(16).fill(value).buffer).toString('base64');
  return { schema: 'gallery-template/1', fingerprint, embedding };
}
