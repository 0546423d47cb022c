import { expect, it } from 'vitest';
import { join } from 'node:path';
import { portraits } from '../../demo/sample-photos.ts';
import { doorway, film, hasFfmpeg, startCamera, withoutFfmpeg, writeVideo } from '../support/camera-film.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';
import { startServed } from './support.ts';

const token = 'a-token-of-this-test-that-is-long-enough';
const withToken = { headers: { authorization: `Bearer ${token}` } };

it("the camera's picture is shown to whoever has the token", { timeout: 60_000 }, async () => {
  const camera = await startCamera();
  const { url } = await startServed({
    MUSTER_CAPTURE__CAMERA__SOURCE: 'http-mjpeg',
    MUSTER_CAPTURE__CAMERA__URL: camera.url('/mjpeg'),
    MUSTER_CAPTURE__CAMERA__STALL_S: '2',
    MUSTER_HTTP__TOKEN: token,
  });
  const status = async (init?: RequestInit) =>
    (await (await fetch(`${url}/api/v1/camera`, init)).json()) as Record<string, unknown>;
  const picture = async (init?: RequestInit) => await fetch(`${url}/api/v1/camera/frame.jpg`, init);

  await eventually('a picture', async () => (await picture(withToken)).status === 200);
  const answer = await picture(withToken);
  expect(answer.headers.get('content-type')).toBe('image/jpeg');
  expect(Buffer.from(await answer.arrayBuffer()).equals(await doorway(null))).toBe(true);
  await eventually('a camera that runs', async () => {
    const { available, preview, status: now } = await status(withToken);
    return available === true && preview === true && (now as { state: string }).state === 'running';
  });
  expect(await status()).toMatchObject({ available: true, preview: false });
  const refused = await picture();
  expect(refused.status).toBe(403);
  expect(await refused.json()).toMatchObject({ code: 'preview_off' });

  camera.show(null);
  await eventually('no picture', async () => (await picture(withToken)).status === 503);
  expect(await (await picture(withToken)).json()).toMatchObject({ code: 'camera_failing' });
});

it('where there is no camera, there is none to be seen', async () => {
  const { url } = await startServed({ MUSTER_HTTP__PREVIEW: 'true' });
  expect(await (await fetch(`${url}/api/v1/camera`)).json()).toEqual({
    available: false,
    preview: true,
    status: null,
  });
  const answer = await fetch(`${url}/api/v1/camera/frame.jpg`);
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({ code: 'no_camera' });
});

it.skipIf(!hasFfmpeg)(
  `somebody is enrolled by a camera that ffmpeg plays${hasFfmpeg ? '' : ` (${withoutFfmpeg})`}`,
  { timeout: 90_000 },
  async () => {
    const video = join(await temporaryFolder(), 'door.avi');
    await writeVideo(video, await film([{ person: await portraits.clara(), seconds: 3 }], 10), 10);
    const { url, lines } = await startServed({
      MUSTER_CAPTURE__CAMERA__SOURCE: 'ffmpeg',
      MUSTER_CAPTURE__CAMERA__URL: `file://${video}`,
    });
    const enrol = async (subject: string, query: string, init: RequestInit = {}) => {
      const address = `${url}/api/v1/subjects/${subject}/templates?source=camera${query}`;
      const response = await fetch(address, { method: 'POST', ...init });
      const answer = (await response.json()) as Record<string, unknown>;
      return { ...answer, status: response.status } as Record<string, unknown>;
    };
    const subjects = async () =>
      ((await (await fetch(`${url}/api/v1/subjects`)).json()) as { subjects: object[] }).subjects;

    await eventually('a look', async () => (await enrol('clara', '&dry_run=true')).status === 200);
    const look = await enrol('clara', '&dry_run=true');
    expect(look).toMatchObject({ subject: 'clara', n: 0, revision: null, face: { failed_gate: null } });
    expect((look['face'] as { quality: { size_px: number } }).quality.size_px).toBeGreaterThan(80);
    expect(await subjects()).toEqual([]);

    expect(await enrol('clara', '&doubts=refuse')).toMatchObject({ status: 201, n: 0, revision: 1 });
    expect(await subjects()).toEqual([{ subject: 'clara', templates: [0] }]);
    const code = expect.stringMatching(/^(duplicate|like_other)_subject$/) as string;
    const doubted = { status: 409, code, detail: expect.stringContaining('clara') as string };
    expect(await enrol('dora', '&doubts=refuse')).toMatchObject(doubted);
    expect(await enrol('dora', '')).toMatchObject({ status: 201, warnings: [{ other: 'clara' }] });

    const form = new FormData();
    form.set('photo', new Blob([new Uint8Array(await portraits.clara())]), 'photo.jpg');
    expect(await enrol('clara', '', { body: form })).toMatchObject({ status: 400, code: 'invalid_field' });
    expect(JSON.stringify(lines)).not.toMatch(/clara|dora/);
  },
);

it(
  'an old picture enrols nobody, and where there is no camera none is taken',
  { timeout: 60_000 },
  async () => {
    const path = '/api/v1/subjects/clara/templates?source=camera';
    const enrol = async (url: string) => {
      const response = await fetch(`${url}${path}`, { method: 'POST' });
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    const camera = await startCamera();
    camera.show(await doorway(await portraits.clara()));
    const [here, without] = await Promise.all([
      startServed({
        MUSTER_CAPTURE__CAMERA__SOURCE: 'http-mjpeg',
        MUSTER_CAPTURE__CAMERA__URL: camera.url('/mjpeg'),
        MUSTER_CAPTURE__CAMERA__STALL_S: '60',
        MUSTER_HTTP__PREVIEW: 'true',
      }),
      startServed(),
    ]);
    await eventually('a picture', async () => (await enrol(here.url))[0] === 201);
    camera.show(null);
    await eventually('a picture that is too old', async () => (await enrol(here.url))[0] === 503);
    expect(await enrol(here.url)).toEqual([503, 'camera_failing']);
    expect((await fetch(`${here.url}/api/v1/camera/frame.jpg`)).status).toBe(200);
    expect(await enrol(without.url)).toEqual([409, 'no_camera']);
  },
);
