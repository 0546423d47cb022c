import { resolve } from 'node:path';
import { z } from 'zod';
import { logLevels } from '../lib/log.ts';
import { captureFolders } from './derived.ts';
import { choice, conflictIssue, decimal, id, remote, section, text, whole } from './kinds.ts';
import { bridge } from './sections/bridge.ts';
import { capture } from './sections/capture.ts';
import { decision } from './sections/decision.ts';
import { gallery } from './sections/gallery.ts';
import { homeAssistant } from './sections/home-assistant.ts';
import { http } from './sections/http.ts';
import { influx } from './sections/influx.ts';
import { mqtt } from './sections/mqtt.ts';
import { upkeep } from './sections/upkeep.ts';
import { vision } from './sections/vision.ts';

/**
 * The one source of the config's type, defaults, documentation and JSON Schema. Names carry their unit. Paths are
 * relative to the working directory. `remote(…)` marks what may be changed over MQTT: nothing that names a
 * path, and nothing that keeps photos. Of the broker only what probation can undo (src/remote/config/trial.ts).
 */

const reservedStations = ['config', 'gallery', 'bridge'];

const outbox = section('Events on disk that nobody has acknowledged yet.', {
  delivery: choice(
    ['broker', 'application'],
    'broker',
    'Whose acknowledgement deletes an event: that of the broker, or of an application that writes to the topic ack.',
  ),
  ack_timeout_s: whole(
    1,
    3600,
    30,
    'Seconds after which an event that no application has acknowledged is sent again, with delivery: application.',
  ),
  max_events: whole(100, 10_000_000, 100_000, 'Number of events kept at the most.'),
  max_mb: whole(1, 65_536, 256, 'Size of the events kept at the most, MiB.'),
  clock_wait_s: decimal(
    0,
    600,
    5,
    'Seconds for which events wait after a connection while the clock is known not to be set (no clock module, no NTP yet), so that their times can be corrected first.',
  ),
  when_full: choice(
    ['refuse', 'drop_oldest'],
    'refuse',
    'What happens when it is full: refuse takes no further capture until there is room; drop_oldest gives up the oldest event.',
  ),
});

const telemetry = section('What the station tells about itself.', {
  metrics_s: remote(whole(1, 3600, 10, 'Seconds between two messages on metrics.')),
  health_s: remote(whole(1, 3600, 60, 'Seconds between two messages on health.')),
  metrics_window_s: remote(
    whole(10, 86_400, 300, 'Seconds back from now over which rates and latencies are computed.'),
  ),
});

export const configSchema = z
  .strictObject({
    site: id('default', 'The site that the station belongs to: the third part of its topics.'),
    station: id(
      'station-1',
      'The station, unique within its site: the fourth part of its topics.',
      reservedStations,
    ),
    data_dir: text('data', 'Folder for the outbox, the gallery and the state; made when it is missing.'),
    mqtt,
    outbox,
    capture,
    vision,
    decision,
    telemetry,
    gallery,
    upkeep,
    http,
    influx,
    bridge,
    home_assistant: homeAssistant,
    log: section('The log on standard error.', {
      level: remote(choice(logLevels, 'info', 'Least severity that is logged.')),
    }),
  })
  .superRefine((config, context) => {
    const { inbox, done, failed } = captureFolders(config);
    const refuse = (key: string, message: string) =>
      context.addIssue(conflictIssue(['capture', 'folder', key], message));
    const again = `is the watched folder itself (${inbox}), whose photos would be taken again`;
    if (done === inbox) refuse('done', again);
    if (failed === inbox) refuse('failed', again);
    if (inbox === resolve(config.data_dir))
      refuse('path', `is data_dir itself (${inbox}); use a folder below it`);
    const { camera } = config.capture;
    const { vote } = config.decision;
    if (camera.source !== 'none' && camera.fps * vote.window_s < vote.min_frames)
      context.addIssue(
        conflictIssue(
          ['decision', 'vote', 'window_s'],
          `is ${vote.window_s} s, in which capture.camera.fps: ${camera.fps} gives fewer than decision.vote.min_frames (${vote.min_frames}); make it longer`,
        ),
      );
  })
  .describe('Configuration of a Muster station. Every field has a default.');

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** The effective config: whole, checked, deeply frozen. It is passed down and never fetched. */
export type Config = Frozen<z.output<typeof configSchema>>;
