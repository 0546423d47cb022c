import { z } from 'zod';
import { playerOf } from '../../capture/camera/open.ts';
import { tryCamera } from '../../capture/camera/try.ts';
import { systemClock } from '../../lib/clock.ts';
import { failure, none, ok, warning, type Check, type CheckContext, type Finding } from '../contract.ts';
import { stationUrl } from '../station-url.ts';

/** A camera that gives no picture for so long is told as silent: less than the doctor's own patience, ms. */
const mostPatienceMs = 10_000;
/** How long it is looked at, ms. */
const lookMs = 500;

const answerSchema = z.object({
  health: z.object({ camera: z.object({ state: z.string(), fps: z.number() }) }),
});

/**
 * The camera of the config: its program, its device and the right to it, and a picture in time. Most cameras serve one program only, so
 * where the station runs it is the one that is asked.
 */
export const camera: Check = {
  name: 'camera',
  async run(context) {
    const { camera: settings } = context.config.capture;
    const play = playerOf(settings);
    if (play === null) return none('no camera is set (capture.camera.source); photos come from a folder');
    const told = await askStation(context);
    if (told !== null) return told;
    const patienceMs = Math.min(settings.stall_s * 1000, mostPatienceMs);
    // What can't be had is a MusterError with its remedy, which is the failure that is told.
    const trial = await tryCamera(play, { forMs: lookMs, patienceMs, clock: systemClock }, context.signal);
    const kb = Math.ceil(trial.meanBytes / 1000);
    return ok(
      `${settings.source} gives pictures of ${kb} kB, the first after ${Math.round(trial.firstMs)} ms`,
    );
  },
};

/** What the running station says of its camera; null where none runs, or it has no camera. */
async function askStation({ config, signal }: CheckContext): Promise<Finding | null> {
  const { port, cert_file } = config.http;
  if (port === 0 || cert_file !== null) return null;
  const answer = await fetch(`${stationUrl(config.http)}/api/v1/health`, { signal })
    .then((response) => response.json())
    .catch(() => null);
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) return null;
  const { state, fps } = parsed.data.health.camera;
  if (state === 'running') return ok(`the running station gets ${fps} pictures a second from it`);
  if (state === 'starting')
    return warning('the running station waits for its first picture', 'Ask again in a minute.');
  return failure(
    'the running station gets no pictures from it',
    'The alert camera-failing tells why: journalctl -u muster -p warning -n 20. Then: sudo systemctl stop muster, and muster camera test',
  );
}
