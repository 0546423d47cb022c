import { readFile } from 'node:fs/promises';
import { connectAsync } from 'mqtt';
import { afterAll, expect, it } from 'vitest';
import { groupWithBella, portraits, scenery } from '../../demo/sample-photos.ts';
import { startBroker } from '../support/broker.ts';
import { breachOf as contractBreachOf } from '../support/schemas.ts';
import { muster } from '../support/station.ts';
import { eventually } from '../support/tools.ts';
import { postLikeRequests } from './legacy-client.ts';
import { archiveFile, pickled, plain, tensorOps } from '../models/support/torch-file.ts';
import { startServed } from './support.ts';

const broker = await startBroker(0, afterAll);
const station = await startServed(
  { MUSTER_MQTT__URL: broker.url() },
  { people: ['alice', 'bella'], cleanUp: afterAll },
);
const topic = 'muster/1/default/station-1/verification';
const said: string[] = [];
const client = await connectAsync(broker.url(), { protocolVersion: 4 });
afterAll(() => client.endAsync());
client.on('message', (_topic, payload) => said.push(payload.toString()));
await client.subscribeAsync(topic, { qos: 1 });

const image = async (name: keyof typeof portraits) =>
  [`${name}.jpg`, await portraits[name](), 'image/jpeg'] as const;
const photoMatch = `${station.url}/photo_match`;
const cachedData = `${station.url}/cached_data`;

it('two photos of one person match, in the keys of old', async () => {
  const before = said.length;
  const { status, json } = await postLikeRequests(
    photoMatch,
    { threshold: '0.56', type: 'cosine' },
    { reference: await image('alice'), sample: await image('aliceAgain') },
  );
  expect(status).toBe(200);
  expect(json).toMatchObject({ match_status: 1, score_type: 'cosine', score_threshold: 0.56 });
  const { score, similarity, faces } = json as {
    score: number;
    similarity: number;
    faces: { distance: number }[];
  };
  expect(score).toBe(Math.round(score * 1000) / 1000);
  expect(score).toBeCloseTo(1 - similarity, 3);
  expect(score).toBeLessThan(0.56);
  expect(faces).toEqual([
    expect.objectContaining({ box: expect.any(Array), probability: expect.any(Number) }),
  ]);
  expect(json['inferencing_latency(ms)']).toBeGreaterThan(0);
  expect(json['model']).toMatch(/^edge@sha256:[0-9a-f]{64}$/);
  expect(json['latency_ms']).toMatchObject({ decode: expect.any(Number), embed: expect.any(Number) });

  await eventually('the message', () => said.length > before);
  const told = said.at(-1) ?? '';
  expect(contractBreachOf(topic, told)).toBeNull();
  expect(JSON.parse(told)).toMatchObject({
    reference: 'photo',
    match: true,
    threshold: 0.56,
    faces_total: 1,
  });
  expect(told).not.toMatch(/alice|jpg|embedding/);
});

it('different people do not match, also under the older address', async () => {
  const files = { reference: await image('alice'), sample: await image('clara') };
  const { status, json } = await postLikeRequests(`${station.url}/identity`, {}, files);
  expect([status, json['match_status']]).toEqual([200, 0]);
  // The pack's own.
  expect(json['score_threshold']).toBeCloseTo(0.56, 10);
});

it('a distance on the threshold is no match: it must be below', async () => {
  const photo = await image('alice');
  const { json } = await postLikeRequests(
    photoMatch,
    { threshold: '0' },
    { reference: photo, sample: photo },
  );
  expect(json).toMatchObject({ match_status: 0, score: 0 });
});

it('each face of the sample is compared, and the nearest decides', async () => {
  const group = ['group.jpg', await readFile(groupWithBella())] as const;
  const { json } = await postLikeRequests(photoMatch, {}, { reference: await image('bella'), sample: group });
  expect(json).toMatchObject({ match_status: 1 });
  const distances = (json['faces'] as { distance: number }[]).map(({ distance }) => distance);
  expect(distances.length).toBeGreaterThanOrEqual(4);
  expect(distances).toEqual(distances.toSorted((a, b) => a - b));
  expect(Math.abs(Number(json['score']) - (distances[0] ?? 9))).toBeLessThan(0.0006);
});

it.each([
  ['euclidean is no measure', { type: 'euclidean' }, 'invalid_field', 400],
  ['a threshold that is none', { threshold: 'high' }, 'bad_threshold', 400],
  ['a field that is not known', { user: 'me' }, 'unknown_field', 400],
])('%s', async (_what, data, code, status) => {
  const files = { reference: await image('alice'), sample: await image('clara') };
  const answer = await postLikeRequests(photoMatch, data, files);
  expect(answer).toMatchObject({ status, type: 'application/problem+json', json: { code, status } });
});

it('nobody in a photo is a failure that says so, and not the status 500', async () => {
  const nobody = ['wall.jpg', await scenery(), 'image/jpeg'] as const;
  const answer = await postLikeRequests(photoMatch, {}, { reference: await image('alice'), sample: nobody });
  expect(answer).toMatchObject({
    status: 422,
    json: { code: 'no_face', detail: expect.stringMatching(/^sample/) },
  });
});

it('a template stands for the reference photo, in each of its forms', async () => {
  const { stdout } = await muster(station.dir, ['gallery', 'export', '--subject', 'alice'], station.env);
  const { templates } = JSON.parse(stdout) as { templates: { embedding: number[] }[] };
  const vector = Float32Array.from(templates[0]?.embedding ?? []);
  const raw = Buffer.from(vector.buffer);
  const tensor = plain('0', [1, 192], vector);
  const { json: byPhoto } = await postLikeRequests(
    photoMatch,
    {},
    {
      reference: await image('alice'),
      sample: await image('aliceAgain'),
    },
  );
  const forms: Record<string, Buffer> = {
    'alice.json': Buffer.from(stdout),
    'alice.f32': raw,
    'alice.npy': npy(raw, '<f4', '(192,)'),
    'alice-64.npy': npy(Buffer.from(Float64Array.from(vector).buffer), '<f8', '(1, 192)'),
    'alice.pt': Buffer.from(archiveFile(pickled(tensorOps(tensor)), [tensor.storage])),
  };
  for (const [filename, content] of Object.entries(forms)) {
    const files = { reference: [filename, content] as const, sample: await image('aliceAgain') };
    const { status, json } = await postLikeRequests(cachedData, {}, files);
    expect({ filename, status, match: json['match_status'] }).toEqual({ filename, status: 200, match: 1 });
    expect(json['score'], filename).toBeCloseTo(byPhoto['score'] as number, 3);
    expect(json['reference']).toBeNull();
  }
});

it('a template that can not be compared is refused, and says why', async () => {
  const { stdout } = await muster(station.dir, ['gallery', 'export'], station.env);
  const document = JSON.parse(stdout) as { fingerprint: string; templates: object[] };
  const alien = {
    ...document,
    fingerprint: `facenet@sha256:${'0'.repeat(64)}`,
    templates: document.templates.slice(0, 1),
  };
  const cases: [string, Buffer][] = [
    ['several_subjects', Buffer.from(stdout)],
    ['template_fingerprint', Buffer.from(JSON.stringify(alien))],
    ['template_invalid', Buffer.from('{"schema": "muster-gallery/1"')],
    ['template_invalid', Buffer.from('not a template')],
    ['template_invalid', Buffer.alloc(0)],
    ['template_invalid', Buffer.alloc(192 * 4)],
    ['template_invalid', Buffer.from(Float32Array.from({ length: 192 }, () => NaN).buffer)],
    ['template_invalid', Buffer.from('PK\x03\x04 no archive', 'latin1')],
    ['template_invalid', npy(Buffer.alloc(8), '|O', '(192,)')],
    ['template_invalid', npy(Buffer.alloc(8), '<f4', '(192,)')],
    ['template_invalid', npy(Buffer.alloc(192 * 8), '<f4', '(2, 192)')],
    ['template_dimension', npy(Buffer.alloc(512 * 4, 1), '<f4', '(512,)')],
    ['template_dimension', Buffer.alloc(512 * 4, 1)],
  ];
  for (const [code, content] of cases) {
    const files = { reference: ['template', content] as const, sample: await image('alice') };
    const answer = await postLikeRequests(cachedData, {}, files);
    expect(answer, `${code} ${content.subarray(0, 20).toString('latin1')}`).toMatchObject({
      status: 422,
      json: { code },
    });
  }
});

/** A .npy file of version 1.0 (NumPy's NEP 1). */
function npy(data: Buffer, type: string, shape: string): Buffer {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = `${header.padEnd(117)}\n`;
  const head = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded), data]);
}
