import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { onTestFinished, describe, expect, it } from 'vitest';
import { portraits } from '../../../demo/sample-photos.ts';
import { openCamera, type MakeThumbnailer } from '../../../src/capture/camera/open.ts';
import type { Attention, CaptureOutcome, PhotoCapture } from '../../../src/capture/contract.ts';
import { layerOf, resolveConfig } from '../../../src/config/layers.ts';
import { createActivity } from '../../../src/lib/activity.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { createThumbnailer } from '../../../src/vision/thumbnail/thumbnail.ts';
import { doorway, startCamera } from '../../support/camera-film.ts';
import { eventually, recordingLog } from '../../support/tools.ts';

/** Somebody before the doorway of whom more and more is to be seen, up to a share of `most`, 0..1. */
async function appearing(most: number, steps: number): Promise<Buffer[]> {
  const [empty, whole] = await Promise.all(
    [await doorway(null), await doorway(await portraits.alice())].map((jpeg) =>
      sharp(jpeg).removeAlpha().raw().toBuffer({ resolveWithObject: true }),
    ),
  );
  const { width, height } = empty!.info;
  const frames: Buffer[] = [];
  for (let n = 0; n <= steps; n += 1) {
    const share = (most * n) / steps;
    const mixed = empty!.data.map((level, i) => level + (whole!.data[i]! - level) * share);
    frames.push(
      await sharp(mixed, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 85 })
        .toBuffer(),
    );
  }
  return frames;
}

function cameraConfig(camera: Readonly<Record<string, unknown>>) {
  const layer = layerOf({ capture: { camera } }, () => ({ kind: 'default' }));
  const { config, problems } = resolveConfig([layer]);
  if (config === null) throw new Error(problems.map(({ name, message }) => `${name} ${message}`).join('\n'));
  return config.capture.camera;
}

/** Runs a camera; `seen` are the frames that it wants to have analysed. */
function run(
  camera: Readonly<Record<string, unknown>>,
  answer: (capture: PhotoCapture) => CaptureOutcome | Promise<CaptureOutcome> = () => ({ kind: 'decided' }),
  thumbnailer: MakeThumbnailer = (size) => createThumbnailer({ ...size, maxPixels: 4e6 }),
) {
  const troubles: (string | null)[] = [];
  const { log, lines } = recordingLog();
  const activity = createActivity(systemClock);
  const board = { hot: false };
  const source = openCamera(cameraConfig({ fps: 20, ...camera }), {
    thumbnailer,
    activity,
    isThrottled: () => board.hot,
    clock: systemClock,
    log,
    onTrouble: (message) => {
      if (troubles.at(-1) !== message) troubles.push(message);
    },
  })!;
  const ending = new AbortController();
  const seen: { at: number; latency: number }[] = [];
  const work = (async () => {
    for await (const capture of source.captures(ending.signal)) {
      seen.push({ at: performance.now(), latency: performance.now() - capture.arrivedAt });
      await capture.settle(await answer(capture));
    }
  })();
  const stop = async () => {
    ending.abort();
    await work;
  };
  onTestFinished(stop);
  return { source, seen, troubles, lines, activity, board, stop };
}

describe('a camera', () => {
  it('costs nothing but small pictures while nothing moves, and is looked at closely when somebody comes', async () => {
    const camera = await startCamera();
    const attention: { value: Attention } = { value: 'motion' };
    const here = run({ source: 'http-mjpeg', url: camera.url('/mjpeg') }, () => ({
      kind: 'decided',
      attention: attention.value,
    }));
    await eventually('the first look', () => here.seen.length > 0);
    await sleep(1_000);
    expect(here.seen.length).toBeLessThanOrEqual(2);
    attention.value = 'every-frame';
    camera.show(await doorway(await portraits.alice()));
    await eventually('somebody', () => here.seen.length > 10);
    attention.value = 'now-and-then';
    await sleep(200);
    const before = here.seen.length;
    await sleep(1_000);
    expect(here.seen.length - before).toBeLessThanOrEqual(3);
    expect(here.source.status()).toMatchObject({ state: 'running', message: null, restarts: 0 });
  });

  it('looks in full at intervals, and when it is told to', async () => {
    const camera = await startCamera();
    const motion = { full_look_s: 1, unchanged_look_s: 1 };
    const here = run({ source: 'http-mjpeg', url: camera.url('/mjpeg'), motion });
    await eventually('three looks', () => here.seen.length === 3);
    expect(here.seen[2]!.at - here.seen[0]!.at).toBeGreaterThan(1_500);
    const before = here.seen.length;
    expect(await here.source.rescan()).toBe(0);
    expect(here.seen.length).toBeGreaterThan(before);
  });

  it('does not look in full while all is as in the frame that was looked at, and soon at who comes too slowly to be noticed', async () => {
    const camera = await startCamera();
    // So little of the person in so much time is no movement.
    const [seconds, most] = [20, 0.15];
    const steps = 2 * seconds;
    const shown = await appearing(most, steps);
    let share = 0;
    const shares: number[] = [];
    run({ source: 'http-mjpeg', url: camera.url('/mjpeg'), motion: { full_look_s: 1 } }, () => {
      shares.push(share);
      return { kind: 'decided' };
    });
    await eventually('the first look', () => shares.length > 0);
    await sleep(4_000);
    expect(shares).toEqual([0]);
    for (const [n, frame] of shown.entries()) {
      camera.show(frame);
      share = n / steps;
      await sleep(500);
    }
    await sleep(3_000);
    expect(shares.length).toBeGreaterThan(3);
    expect(shares.length).toBeLessThan(seconds);
    // What is left of them is fewer levels than count.
    expect(Math.max(...shares)).toBeGreaterThan(0.6);
    // It is quiet again when all has been seen.
    const before = shares.length;
    await sleep(4_000);
    expect(shares.length).toBe(before);
  }, 120_000);

  it('looks again at a frame that could not be analysed', async () => {
    const camera = await startCamera();
    const motion = { full_look_s: 1 };
    const outcomes: CaptureOutcome[] = [
      { kind: 'failed', code: 'vision_failed', message: 'the worker was lost' },
      { kind: 'decided' },
    ];
    const here = run(
      { source: 'http-mjpeg', url: camera.url('/mjpeg'), motion },
      () => outcomes.shift() ?? { kind: 'decided' },
    );
    await eventually('the second look', () => here.seen.length === 2);
    await sleep(2_500);
    expect(here.seen.length).toBe(2);
  });

  it('gives the newest frame to a slow station, and counts those that it passes over', async () => {
    const camera = await startCamera();
    const here = run(
      { source: 'http-mjpeg', url: camera.url('/mjpeg'), motion: { gate: false } },
      async () => {
        await sleep(300);
        return { kind: 'decided' };
      },
    );
    await eventually('some frames', () => here.seen.length === 5, 10_000);
    const { frames, analysed, dropped } = here.source.status();
    expect(analysed).toBe(5);
    expect(dropped).toBeGreaterThan(5);
    expect(frames).toBeGreaterThanOrEqual(analysed + dropped);
    // Each was taken while the one before was under way, but not long ago: not the oldest of them.
    expect(Math.max(...here.seen.map(({ latency }) => latency))).toBeLessThan(250);
    expect(here.source.latestFrame()?.jpeg.subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  });

  it.each([
    { aheadS: -4, earlierBy: 4_000 },
    { aheadS: -3600, earlierBy: 0 },
  ])(
    'is believed the time of its pictures, unless it is far off: $aheadS s',
    async ({ aheadS, earlierBy }) => {
      const camera = await startCamera({ aheadS });
      const here = run({ source: 'http-mjpeg', url: camera.url('/mjpeg') });
      const before = Date.now();
      await eventually('a picture', () => here.seen.length > 0);
      const { at } = here.source.latestFrame()!;
      expect(at).toBeGreaterThanOrEqual(before - earlierBy - 10);
      expect(at).toBeLessThanOrEqual(Date.now() - earlierBy);
    },
  );

  it('is looked at less often while the board throttles, and as before afterwards', async () => {
    const camera = await startCamera();
    const here = run({
      source: 'http-mjpeg',
      url: camera.url('/mjpeg'),
      motion: { gate: false },
      throttled_share: 0.1,
    });
    const looks = async () => {
      const before = here.seen.length;
      await sleep(1_500);
      return here.seen.length - before;
    };
    await eventually('pictures', () => here.seen.length > 3);
    here.board.hot = true;
    expect(here.source.status().maxFps).toBe(2);
    // At the rate of before it would be 30; one is early, as a frame rate is never exact.
    expect(await looks()).toBeLessThanOrEqual(6);
    here.board.hot = false;
    expect(here.source.status().maxFps).toBe(20);
    await eventually('more of them', async () => (await looks()) > 8);
  });

  it('takes single pictures, also from one that asks for a password', async () => {
    for (const challenge of ['Basic realm="door"', 'Digest realm="door", nonce="abc", qop="auth"']) {
      const camera = await startCamera({ challenge });
      const url = camera.url('/snapshot').replace('//', '//operator:s%40crt@');
      const here = run({ source: 'http-snapshot', url, motion: { gate: false } });
      await eventually('pictures', () => here.seen.length > 3);
      const said = camera.authorizations.filter((one) => one !== undefined);
      expect(said[0]).toMatch(
        challenge.startsWith('Basic') ? /^Basic b3BlcmF0b3I6c0Bjcn/ : /^Digest username="operator"/,
      );
      await here.stop();
    }
  });

  it('tells what is wrong with an address, and never its password', async () => {
    const camera = await startCamera({ challenge: 'Negotiate' });
    const free = await startCamera();
    const other = await startCamera();
    await other.close();
    const withUser = (url: string) => url.replace('//', '//operator:hunter2@');
    for (const [url, expected] of [
      [camera.url('/snapshot'), /refuses the user name or the password/],
      [free.url('/nothing?token=hunter2'), /nothing at that path/],
      [free.url('/elsewhere'), /redirects/],
      [other.url('/snapshot'), /can not be reached/],
    ] as const) {
      const here = run({ source: 'http-snapshot', url: withUser(url) });
      await eventually('the trouble', () => here.troubles.length > 0);
      expect(here.troubles[0]).toMatch(expected);
      await here.stop();
      expect(JSON.stringify([here.troubles, here.lines(), here.source.status()])).not.toContain('hunter2');
    }
  });

  it('is started again when it hangs, is unplugged, or sends garbage, and says when it works again', async () => {
    const camera = await startCamera();
    const here = run({ source: 'http-mjpeg', url: camera.url('/mjpeg'), stall_s: 1 });
    const works = () => eventually('pictures', () => here.source.status().state === 'running');
    await works();

    camera.show(null);
    await eventually('the hanging', () => here.troubles.at(-1)?.includes('no picture came for 1 s') === true);
    expect(here.source.latestFrame()).toBeNull();
    camera.show(await doorway(null));
    await works();

    camera.show(Buffer.alloc(20_000, 'no picture'));
    await eventually('the garbage', () => here.troubles.at(-1)?.includes('no picture came') === true);
    camera.show(await doorway(null));
    await works();

    // Whole as a JPEG file, but nothing that can be decoded.
    const broken = Buffer.from(await doorway(null));
    broken[broken.indexOf(Buffer.from([0xff, 0xc0])) + 4] = 3;
    camera.show(broken);
    await eventually(
      'undecodable pictures',
      () => here.troubles.at(-1)?.includes("can't be decoded") === true,
    );
    camera.show(await doorway(null));
    await works();

    const { port } = camera;
    await camera.close();
    await eventually('the unplugging', () => here.troubles.at(-1)?.includes('can not be reached') === true);
    await startCamera({ port });
    await works();
    expect(here.troubles.at(-1)).toBeNull();
    expect(here.source.status().restarts).toBeGreaterThanOrEqual(4);
  }, 60_000);

  it('has no rest while a small picture is made, so that the watchdog sees one that never ends', async () => {
    const camera = await startCamera();
    let give: (() => void) | undefined;
    const here = run(
      { source: 'http-mjpeg', url: camera.url('/mjpeg') },
      undefined,
      () => () => new Promise((resolve) => (give = () => resolve(null))),
    );
    await eventually('a picture that is not ready', () => give !== undefined);
    await eventually('the time that it takes', () => here.activity.longestMs() > 100);
    give!();
    await eventually('the next one', () => here.activity.longestMs() < 100);
    const stopped = here.stop();
    give!();
    await stopped;
    expect(here.activity.longestMs()).toBe(0);
  });

  it('passes over cut and huge frames between good ones', async () => {
    const camera = await startCamera();
    const here = run({
      source: 'http-mjpeg',
      url: camera.url('/mjpeg'),
      max_frame_mb: 0.5,
      motion: { gate: false },
    });
    await eventually('pictures', () => here.seen.length > 3);
    const good = await doorway(null);
    camera.write(good.subarray(0, good.length / 2));
    camera.write(Buffer.concat([good.subarray(0, 1000), Buffer.alloc(3_000_000, 7)]));
    const before = here.seen.length;
    await eventually('more pictures', () => here.seen.length > before + 5);
    expect(here.troubles.filter((one) => one !== null)).toEqual([]);
  });
});
