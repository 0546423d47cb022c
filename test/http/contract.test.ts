import { readFile, writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { groupPhoto, portraits, scenery } from '../../demo/sample-photos.ts';
import { routes } from '../../src/http/routes/table.ts';
import { muster } from '../support/station.ts';
import { document, breachOf, operations, wrongValues, type Operation, type Schema } from './openapi.ts';
import { startServed } from './support.ts';

/**
 * Every route, held to the published document: what it says is taken is taken and answered as it says, and what it says is
 * wrong is refused with a problem. The cases are made of the document; only what a photo shows is written here.
 */

const people = ['alice', 'bella'] as const;
const station = await startServed(
  { MUSTER_HTTP__LIMITS__REQUESTS_PER_MIN: '0', MUSTER_HTTP__PREVIEW: 'true' },
  { cleanUp: afterAll, people },
);
const exported = await muster(station.dir, ['gallery', 'export', '--subject', 'alice'], station.env);
if (exported.status !== 0) throw new Error(exported.stderr);

const photos = {
  reference: await portraits.alice(),
  sample: await portraits.aliceAgain(),
  photo: await portraits.clara(),
};
const template = Buffer.from(exported.stdout);

type Fields = Record<string, string | Buffer>;

/** A request that is as the document wants it. Subjects are new ones, so that each can be done and undone. */
function validFields({ id, body }: Operation): Fields {
  const files = id === 'cachedData' ? { ...photos, reference: template } : photos;
  const fields: Fields = {};
  // A photo is not required where the camera takes it, and there is none.
  for (const name of id === 'enrol' ? ['photo'] : (body?.required ?? [])) {
    const schema = body?.properties[name];
    fields[name] = isFile(schema) ? files[name as keyof typeof files] : 'wrong-token-of-the-test';
  }
  return fields;
}

const isFile = (schema: Schema | undefined) => schema?.contentMediaType !== undefined;
const parameterValues: Record<string, string> = { subject: 'bella', n: '0' };

interface Sent {
  readonly path?: Record<string, string>;
  readonly query?: string;
  readonly fields?: readonly (readonly [string, string | Buffer])[];
  readonly raw?: { readonly type: string; readonly body: string | Buffer };
}

async function send(operation: Operation, sent: Sent = {}) {
  const values = { ...parameterValues, ...sent.path };
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? ''),
  );
  const fields = sent.fields ?? Object.entries(validFields(operation));
  const init: RequestInit = { method: operation.method, signal: AbortSignal.timeout(30_000) };
  if (sent.raw !== undefined)
    Object.assign(init, { body: sent.raw.body, headers: { 'content-type': sent.raw.type } });
  else if (operation.body?.type === 'multipart/form-data') init.body = formOf(fields);
  else if (operation.body !== null)
    Object.assign(init, {
      body: JSON.stringify(Object.fromEntries(fields)),
      headers: { 'content-type': 'application/json' },
    });
  const response = await fetch(`${station.url}${path}${sent.query ?? ''}`, init);
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  if (type === 'text/event-stream') {
    await response.body?.cancel();
    return { status: response.status, type, body: {} as Record<string, unknown> };
  }
  const text = await response.text();
  const body = (type.endsWith('json') ? JSON.parse(text) : { text }) as Record<string, unknown>;
  return { status: response.status, type, body };
}

function formOf(fields: readonly (readonly [string, string | Buffer])[]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), 'photo.jpg');
  }
  return form;
}

/** Sends, and gives the code of the problem; or what is wrong with the answer by the document. */
async function refusalOf(operation: Operation, sent: Sent): Promise<unknown> {
  const answer = await send(operation, sent);
  return breachOf(operation, answer.status, answer.type, answer.body) ?? answer.body['code'];
}

it('the document has every route of the server, and no other', () => {
  expect(document.openapi).toBe('3.1.1');
  expect(operations.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(
    routes.map(({ method, path }) => `${method} ${path}`).toSorted(),
  );
});

it('the station serves the document as it is published', async () => {
  expect(await (await fetch(`${station.url}/openapi.json`)).json()).toEqual(document);
});

describe.each(operations)('$method $path', (operation) => {
  const { id, parameters, body } = operation;

  it('answers what the document says', async () => {
    const { status, type, body: answer } = await send(operation);
    expect(breachOf(operation, status, type, answer)).toBeNull();
    // There is no token, and so no right one; a station without a camera has no picture.
    const expected = { login: 401, enrol: 201, cameraFrame: 409 }[id] ?? 200;
    expect(status, JSON.stringify(answer).slice(0, 300)).toBe(expected);
    if (id === 'enrol' || id.startsWith('remove')) await restore();
  });

  it('refuses a parameter that it does not have', async () => {
    expect(await refusalOf(operation, { query: '?nonsense=1' }), 'nonsense').toBe('unknown_field');
  });

  const query = parameters.filter((parameter) => parameter.in === 'query');
  it.each(query)('refuses the parameter $name where it is wrong', async ({ name, schema }) => {
    for (const [what, value] of [...wrongValues(schema), ['empty', '']] as const)
      expect(await refusalOf(operation, { query: `?${name}=${encodeURIComponent(value)}` }), what).toBe(
        'invalid_field',
      );
    expect(await refusalOf(operation, { query: `?${name}=1&${name}=1` }), 'twice').toBe('invalid_field');
  });

  const inPath = parameters.filter((parameter) => parameter.in === 'path');
  it.each(inPath)('refuses a $name in its path that is wrong', async ({ name, schema }) => {
    expect(wrongValues(schema).length).toBeGreaterThan(0);
    for (const [what, value] of wrongValues(schema))
      expect(await refusalOf(operation, { path: { [name]: value } }), what).toBe('invalid_field');
  });

  if (body === null) return;
  const valid = () => Object.entries(validFields(operation));

  it.each(body.required)('refuses a body without %s', async (name) => {
    const fields = valid().filter(([field]) => field !== name);
    expect(await refusalOf(operation, { fields }), name).toBe('missing_field');
  });

  it('refuses a field that it does not have', async () => {
    expect(await refusalOf(operation, { fields: [...valid(), ['nonsense', '1']] }), 'text').toBe(
      'unknown_field',
    );
    if (body.type !== 'multipart/form-data') return;
    expect(await refusalOf(operation, { fields: [...valid(), ['__proto__', '1']] }), '__proto__').toBe(
      'unknown_field',
    );
    const image: [string, Buffer] = ['nonsense', photos.photo];
    expect(await refusalOf(operation, { fields: [image, ...valid()] }), 'a file').toBe('unknown_field');
  });

  it('refuses a body of another kind, and one that is cut', async () => {
    const xml = { raw: { type: 'text/xml', body: '<photo/>' } };
    expect(await refusalOf(operation, xml), 'XML').toBe('unsupported_media_type');
    const cut =
      body.type === 'multipart/form-data'
        ? {
            type: 'multipart/form-data; boundary=x',
            body: '--x\r\ncontent-disposition: form-data; name="photo"\r\n',
          }
        : { type: 'application/json', body: '{"token": ' };
    expect(await refusalOf(operation, { raw: cut }), 'cut').toBe('bad_request');
  });

  if (body.type !== 'multipart/form-data') return;
  const texts = Object.entries(body.properties).filter(([, schema]) => !isFile(schema));
  it.each(texts)('refuses the field %s where it is wrong', async (name, schema) => {
    const code = name === 'threshold' ? 'bad_threshold' : 'invalid_field';
    for (const [what, value] of [...wrongValues(schema), ['empty', '']] as const)
      expect(await refusalOf(operation, { fields: [...valid(), [name, value]] }), what).toBe(code);
  });

  const files = Object.entries(body.properties).flatMap(([name, schema]) => (isFile(schema) ? [name] : []));
  it.each(files)('refuses the file %s where it is none, or is sent twice', async (name) => {
    const others = valid().filter(([field]) => field !== name);
    expect(await refusalOf(operation, { fields: [...others, [name, 'text']] }), 'text').toBe('invalid_field');
    const twice = [...others, [name, photos.photo], [name, photos.photo]] as const;
    const answer = await send(operation, { fields: twice });
    expect(['invalid_field', 'unknown_field']).toContain(answer.body['code']);
  });

  const images = files.filter((name) => !(id === 'cachedData' && name === 'reference'));
  it.each(images)('says what is wrong with the photo %s', async (name) => {
    const instead = (value: Buffer) => ({
      fields: [...valid().filter(([field]) => field !== name), [name, value] as const],
    });
    const cases: [Buffer, string | number][] = [
      [Buffer.from('no photo'), 'not_an_image'],
      [photos.photo.subarray(0, photos.photo.length / 2), 'not_an_image'],
      [Buffer.alloc(0), 'not_an_image'],
      // Nobody is a rejection there, and no failure.
      ...(id === 'identify' ? [] : [[await scenery(), 'no_face'] as [Buffer, string]]),
      ...(name === 'sample' || id === 'identify'
        ? []
        : [[await readFile(groupPhoto(1)), 'several_faces'] as [Buffer, string]]),
      [Buffer.concat([photos.photo, Buffer.alloc(13 * 2 ** 20)]), 'too_large'],
    ];
    for (const [photo, code] of cases)
      expect(await refusalOf(operation, instead(photo)), String(code)).toBe(String(code));
  });
});

it('a method that an address does not have is refused, and says which it has', async () => {
  const response = await fetch(`${station.url}/photo_match`, { method: 'PUT' });
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  expect(await response.json()).toMatchObject({ code: 'method_not_allowed' });
});

/** Bella again, as at the beginning. */
async function restore(): Promise<void> {
  const folder = join(station.dir, 'again');
  await mkdir(folder, { recursive: true });
  for (const name of people) await writeFile(join(folder, `${name}.jpg`), await portraits[name]());
  const enrolled = await muster(station.dir, ['enroll', 'again', '--replace'], station.env);
  expect(enrolled.status, enrolled.stderr).toBe(0);
}
