import sharp from 'sharp';
import { expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { startServed } from './support.ts';

/** A station with Bella enrolled, and the policy for doubtful photos. */
async function stationThat(audit: 'warn' | 'refuse') {
  const { url } = await startServed({ MUSTER_GALLERY__AUDIT: audit }, { people: ['bella'] });
  return {
    async enrol(subject: string, photo: Buffer, query = '') {
      const body = new FormData();
      body.set('photo', new Blob([Uint8Array.from(photo)]), 'photo.jpg');
      const response = await fetch(`${url}/api/v1/subjects/${subject}/templates${query}`, {
        method: 'POST',
        body,
      });
      return {
        status: response.status,
        type: response.headers.get('content-type'),
        body: (await response.json()) as object,
      };
    },
    gallery: async () => (await fetch(`${url}/api/v1/gallery`)).json(),
  };
}

/** Another photo than Bella's, as far as its bytes and pixels go. */
const alike = async () =>
  sharp(await portraits.bella())
    .resize({ width: 170 })
    .jpeg({ quality: 20 })
    .toBuffer();

const blurred = async () =>
  sharp(await portraits.bella())
    .blur(6)
    .jpeg()
    .toBuffer();

/** The photos that are doubtful beside Bella's, and what is said of them. */
const doubts = [
  [
    'anna',
    portraits.bella,
    'duplicate',
    409,
    'duplicate_subject',
    /^the photo is the same as a photo of bella/,
  ],
  ['anna', alike, 'like_other', 409, 'like_other_subject', /^the photo is much like bella .*is anna/],
  [
    'bella',
    portraits.clara,
    'unlike_own',
    409,
    'unlike_own_subject',
    /^the photo is unlike the other photos of bella/,
  ],
  ['bella', blurred, null, 422, 'low_quality', /^the photo fails the gate sharpness/],
] as const;

it('a doubtful photo is refused where the policy says so, and nothing is written', async () => {
  const station = await stationThat('refuse');
  const before = await station.gallery();
  for (const [subject, photo, , status, code, detail] of doubts)
    for (const query of ['?dry_run=true', ''])
      expect(await station.enrol(subject, await photo(), query), `${code} ${query}`).toEqual({
        status,
        type: 'application/problem+json; charset=utf-8',
        body: expect.objectContaining({
          code,
          detail: expect.stringMatching(detail),
          remedy: expect.stringContaining('gallery.audit: warn'),
        }),
      });
  expect(await station.gallery()).toEqual(before);
  // What there is no doubt about is enrolled.
  expect(await station.enrol('bella', await portraits.bellaAgain())).toMatchObject({ status: 201 });
  expect(await station.enrol('clara', await portraits.clara())).toMatchObject({
    status: 201,
    body: { warnings: [] },
  });
});

it('else it is enrolled, and the answer says what is doubtful', async () => {
  const station = await stationThat('warn');
  for (const [subject, photo, code] of doubts)
    expect(await station.enrol(subject, await photo(), '?dry_run=true')).toMatchObject({
      status: 200,
      body: { revision: null, warnings: code === null ? [] : [{ code }] },
    });
  expect(await station.enrol('bella', await blurred())).toMatchObject({
    status: 201,
    body: { face: { failed_gate: 'sharpness' } },
  });
  expect(await station.enrol('anna', await portraits.bella())).toMatchObject({
    status: 201,
    body: { subject: 'anna', warnings: [{ code: 'duplicate', other: 'bella' }] },
  });
});
