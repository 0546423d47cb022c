import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { muster } from '../gallery/muster.ts';
import { film, filmHeight, filmWidth, hasFfmpeg, withoutFfmpeg, writeVideo } from '../support/camera-film.ts';
import { temporaryFolder } from '../support/tools.ts';

it('camera list tells what is there and what is missing, for people and for programs', async () => {
  const cwd = await temporaryFolder();
  const { status, stdout, stderr } = await muster(cwd, ['camera', 'list', '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const found = JSON.parse(stdout) as { v4l2: object[]; rpicam: string[] | null; ffmpeg: string | null };
  expect(Object.keys(found)).toEqual(['v4l2', 'rpicam', 'ffmpeg']);
  expect(found.ffmpeg !== null).toBe(hasFfmpeg);

  const words = await muster(cwd, ['camera', 'list']);
  expect(words.status).toBe(0);
  expect(words.stdout).toMatch(found.v4l2.length === 0 ? /^No USB camera/ : /^V4L2 device/);
  expect(words.stdout).toContain(hasFfmpeg ? 'ffmpeg version' : 'sudo apt install ffmpeg');
  expect(words.stdout.includes('sudo apt install rpicam-apps-lite')).toBe(found.rpicam === null);
});

it.skipIf(!hasFfmpeg)(
  `camera test plays the camera and saves a picture of it${hasFfmpeg ? '' : ` (${withoutFfmpeg})`}`,
  { timeout: 60_000 },
  async () => {
    const cwd = await temporaryFolder();
    const video = join(cwd, 'door.avi');
    await writeVideo(video, await film([{ person: await portraits.clara(), seconds: 4 }], 10), 10);
    const settings = {
      MUSTER_CAPTURE__CAMERA__SOURCE: 'ffmpeg',
      MUSTER_CAPTURE__CAMERA__URL: `file://${video}`,
    };
    const { status, stdout, stderr } = await muster(
      cwd,
      ['camera', 'test', '--seconds', '1', '--out', 'door.jpg', '--json'],
      settings,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      file: 'door.jpg',
      width: filmWidth,
      height: filmHeight,
      faces: 1,
    });
    expect((await readFile(join(cwd, 'door.jpg'))).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));

    const nowhere = await muster(cwd, ['camera', 'test', '--out', 'no/door.jpg', '--seconds', '1'], settings);
    expect(nowhere.status).not.toBe(0);
    expect(nowhere.stderr).toMatch(/no\/door\.jpg can't be written[^]*Choose another --out/);
  },
);

it('camera test says what to set where there is no camera, and what it takes', async () => {
  const cwd = await temporaryFolder();
  const none = await muster(cwd, ['camera', 'test']);
  expect(none.status).not.toBe(0);
  expect(none.stderr).toMatch(/no camera in the config[^]*MUSTER_CAPTURE__CAMERA__SOURCE=v4l2/);
  const long = await muster(cwd, ['camera', 'test', '--seconds', '900']);
  expect(long.stderr).toContain('from 1 to 60');
});
