import { expect, it } from 'vitest';
import { doorway, startCamera } from '../support/camera-film.ts';
import { eventually } from '../support/tools.ts';
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
