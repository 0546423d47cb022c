import { z } from 'zod';
import { gates, reasons } from '../decide/contract.ts';

/**
 * The payloads of DESIGN.md section 6. These schemas make the types of the code and, through `npm run generate`, the
 * JSON Schemas that integrators read in config/schemas. Inside one major version fields are only added, so
 * consumers must let unknown fields pass.
 */

const time = z.iso.datetime({ precision: 3 }).describe('ISO 8601, UTC, with milliseconds.');
const count = z.int().min(0);
const milliseconds = z.number().min(0);
const subject = z.string().describe('Pseudonymous id of an enrolled person.');
const similarity = z.number().min(-1).max(1).describe('Cosine similarity, −1..1.');
const quantiles = z.object({ p50: milliseconds, p95: milliseconds, p99: milliseconds });

/** Whether the station trusts its clock. */
const clockSchema = z.enum(['synced', 'unsynced', 'unknown']);

export const latencyStages = ['queue', 'decode', 'detect', 'align', 'embed', 'match', 'total'] as const;

export const latencySchema = z.object({
  queue: milliseconds.describe(
    'From the arrival of the whole capture to its turn; it may have been decoded by then.',
  ),
  decode: milliseconds,
  detect: milliseconds,
  align: milliseconds,
  embed: milliseconds,
  match: milliseconds,
  total: milliseconds.describe('From the arrival of the whole capture to the decision.'),
});
export type Latency = z.infer<typeof latencySchema>;

export const faceSchema = z.object({
  box: z
    .tuple([z.number(), z.number(), z.number(), z.number()])
    .describe('x1, y1, x2, y2 in px of the upright photo.'),
  probability: z.number().min(0).max(1).describe('Of being a face.'),
  subject: subject.nullable().describe('The most similar subject where it reaches the threshold, else null.'),
  similarity: similarity
    .nullable()
    .describe('To the most similar subject of the gallery; null with an empty gallery.'),
  quality: z.object({
    size_px: z.number().describe('Shorter side of the box.'),
    sharpness: z
      .number()
      .describe('Variance of the Laplacian of the aligned grey crop at a contrast of 40 grey levels.'),
    brightness: z.number().describe('Mean grey level of the aligned crop, 0..255.'),
    clipped: z.number().describe('Share of nearly black and nearly white pixels, 0..1.'),
    yaw_deg: z.number().describe('Turn of the head to the side, from the landmarks.'),
    pitch_deg: z.number().optional().describe('Nod, from the landmarks; positive looks down.'),
    roll_deg: z.number().optional().describe("Tilt, positive to the person's right shoulder."),
    inside: z.number().describe('Share of the box that lies inside the photo, 0..1.'),
    features: z
      .number()
      .nullable()
      .optional()
      .describe(
        'How much of a face the embedder saw; 1 in an ordinary good photo, less with a mask. Null: not told.',
      ),
  }),
});

const visitSchema = z.object({
  first_at: time.describe('When the first photo of the visit was taken.'),
  frames: count.describe('Photos in which the person was seen until the decision.'),
  usable: count.describe('Photos that counted: those that met the gates, with a camera within the window.'),
  agreeing: count.describe('Of the usable those that agree with the decision.'),
  total_ms: milliseconds.describe('From the first photo of the visit to the decision.'),
});
export type VisitSummary = z.infer<typeof visitSchema>;

export const checkinSchema = z
  .object({
    schema: z.literal('checkin/1'),
    event_id: z.string().describe('Idempotency key: the same decision of the same capture has the same id.'),
    stream: z
      .string()
      .describe('Names the outbox that numbers the events; a new one begins a new numbering.'),
    seq: z.int().min(1).describe('Never goes back within a stream.'),
    replayed: z.boolean().describe('Not live: recorded before this connection, or sent before.'),
    captured_at: time,
    decided_at: time,
    clock: z
      .enum(['synced', 'unsynced', 'unknown'])
      .describe('Whether the station trusts its clock, and with it the times of the event.'),
    uptime_ms: milliseconds
      .optional()
      .describe(
        'With a clock that was not set: from the start of the machine to the decision, by a clock that nobody sets.',
      ),
    clock_corrected_ms: z
      .number()
      .optional()
      .describe(
        'By how much the times were moved after the clock was set, while the event still waited. Absent where they were not.',
      ),
    decision: z.enum(['accepted', 'rejected']),
    reason: z.enum(reasons).nullable().describe('Why it was rejected; null when accepted.'),
    gate: z.enum(gates).nullable().describe('The gate that failed, with low_quality.'),
    subject: subject.nullable().describe('Who was accepted, or would have been but for the cool-down.'),
    similarity: similarity.nullable(),
    match_pct: z
      .number()
      .min(0)
      .max(100)
      .nullable()
      .describe('Similarity on a scale where the threshold is 50 %.'),
    threshold: similarity,
    margin: z.number().nullable().describe('Lead over the best other subject; null where there is none.'),
    faces: z.array(faceSchema).describe('The faces in the capture, the largest first; at most 16.'),
    faces_total: count.describe('How many faces the capture has.'),
    pad: z
      .object({
        mode: z.enum(['off', 'report', 'enforce']),
        score: z
          .number()
          .min(0)
          .max(1)
          .nullable()
          .describe('Probability that the face that decided is live; null where it was not looked at.'),
      })
      .optional()
      .describe('Attack detection. Stations before this field leave it out.'),
    latency_ms: latencySchema,
    visit: visitSchema
      .optional()
      .describe('Where several photos voted: the frames of a camera, or a burst. Absent for a single photo.'),
    model: z.string().describe('Fingerprint of the models and the preprocessing.'),
    gallery_rev: count,
  })
  .describe('One decision.');
export type CheckinEvent = z.infer<typeof checkinSchema>;

export const verificationSchema = z
  .object({
    schema: z.literal('verification/1'),
    ts: time,
    reference: z.enum(['photo', 'template']).describe('What the sample was compared with.'),
    match: z.boolean(),
    distance: z.number().min(0).max(2).describe('Cosine distance of the nearest face: 1 − similarity.'),
    similarity,
    threshold: z.number().min(0).max(2).describe('Distance below which faces match.'),
    faces_total: count.describe('Faces of the sample.'),
    latency_ms: latencySchema.describe('Of both photos together.'),
    model: z.string().describe('Fingerprint of the models and the preprocessing.'),
  })
  .describe(
    'Two photos, or a template and a photo, were compared over HTTP. Not kept while the broker is away.',
  );
export type VerificationPayload = z.infer<typeof verificationSchema>;

export const stationStates = ['starting', 'ready', 'degraded', 'stopping', 'stopped', 'lost'] as const;
export type StationState = (typeof stationStates)[number];

export const stateSchema = z
  .object({
    schema: z.literal('state/1'),
    state: z.enum(stationStates),
    session: z
      .string()
      .describe('Of the connection; a will (lost) of another session than the newest is old.'),
    since: time,
  })
  .describe('Retained, and the will.');
export type StatePayload = z.infer<typeof stateSchema>;

export const infoSchema = z
  .object({
    schema: z.literal('info/1'),
    versions: z.object({ muster: z.string(), node: z.string(), contract: z.literal(1) }),
    board: z.string(),
    os: z.string(),
    arch: z.string(),
    cores: count,
    threads: count.describe('Used for one inference.'),
    cpus: z
      .array(count)
      .readonly()
      .nullable()
      .optional()
      .describe(
        'Numbers of the cores that they are kept on; null: anywhere. Stations before this field leave it out.',
      ),
    pack: z.string(),
    model: z.string().describe('Fingerprint of the models and the preprocessing.'),
    pad: z
      .string()
      .nullable()
      .optional()
      .describe('Fingerprint of the nets that look for attacks; null where none are in use.'),
    gallery: z.object({
      name: z.string(),
      rev: count,
      subjects: count,
      templates: count,
      digest: z.string(),
    }),
    boot_id: z.string().nullable(),
    started_at: time,
  })
  .describe('Retained facts about the station.');
export type InfoPayload = z.infer<typeof infoSchema>;

export const cameraSchema = z.object({
  state: z.enum(['starting', 'running', 'failing']),
  last_frame_age_s: z.number().nullable(),
  fps: z.number().describe('Frames a second that arrive.'),
  max_fps: z
    .number()
    .optional()
    .describe(
      'Frames a second that are looked at now, at the most: fewer while the board throttles. Stations before this field leave it out.',
    ),
  frames: count.describe('That came since the start.'),
  analysed: count.describe('Of them those in which faces were looked for.'),
  dropped: count.describe('Of them those passed over because the station was busy.'),
  restarts: count.describe('How often the camera had to be started again.'),
});
export type CameraHealth = z.infer<typeof cameraSchema>;

export const healthSchema = z
  .object({
    schema: z.literal('health/1'),
    ts: time,
    uptime_s: z.number(),
    cpu_temp_c: z.number().nullable(),
    throttled: z.boolean().nullable().describe('Null where the board does not tell.'),
    load_1m: z.number(),
    memory: z.object({ rss_mb: z.number(), free_mb: z.number(), total_mb: z.number() }),
    disk: z.object({ free_mb: z.number(), total_mb: z.number() }).nullable(),
    last_capture_age_s: z.number().nullable(),
    event_loop_p99_ms: z.number(),
    outbox: z.object({ depth: count, bytes: count, oldest_age_s: z.number().nullable() }),
    clock: clockSchema,
    camera: cameraSchema.optional().describe('Absent without a camera.'),
    alerts: z
      .array(z.string())
      .optional()
      .describe('Ids of the alerts that are raised. Stations before this field leave it out.'),
    upkeep: z
      .record(z.string(), z.object({ at: time, ok: z.boolean() }))
      .optional()
      .describe('When each job of the upkeep ran last, and whether it worked. Only those that have run.'),
  })
  .describe('Every 60 s.');
export type HealthPayload = z.infer<typeof healthSchema>;

export const metricsSchema = z
  .object({
    schema: z.literal('metrics/1'),
    ts: time,
    window_s: z.number().describe('Span of the figures below that are not totals.'),
    captures: count,
    captures_per_s: z.number(),
    decisions: z.object({ accepted: count, rejected: count }),
    reasons: z.record(z.enum(reasons), count),
    accept_rate_pct: z.number().nullable().describe('Share of captures accepted; null without captures.'),
    similarity_mean: z.number().nullable().describe('Of the accepted.'),
    latency_ms: z.record(z.enum(latencyStages), quantiles).nullable(),
    totals: z
      .object({ captures: count, accepted: count, rejected: count, failed: count })
      .describe('Since the start of the process. `failed`: files set aside as no image.'),
  })
  .describe('Every 10 s.');
export type MetricsPayload = z.infer<typeof metricsSchema>;

export const summarySchema = z
  .object({
    schema: z.literal('summary/1'),
    summary_id: z.string().describe('Idempotency key: a summary may come twice.'),
    from: time,
    to: time,
    clock: clockSchema,
    captures: count,
    decisions: z.object({ accepted: count, rejected: count }),
    reasons: z.record(z.enum(reasons), count),
    accept_rate_pct: z.number().nullable().describe('Share of captures accepted; null without captures.'),
    failed: count.describe('Files set aside as no image.'),
    uptime_s: z.number().min(0).describe('How long the station was running.'),
    starts: count.describe('How often it was started.'),
    broker: z
      .object({ outages: count, offline_s: z.number().min(0) })
      .describe('How often and how long it was without its broker while it ran.'),
    alerts: z.array(z.string()).describe('Ids of the alerts that were raised.'),
  })
  .describe('One day, kept on disk until the broker has it.');
export type SummaryPayload = z.infer<typeof summarySchema>;

export const alertSchema = z
  .object({
    schema: z.literal('alert/1'),
    id: z.string(),
    severity: z.enum(['warning', 'error']),
    message: z.string(),
    since: time,
  })
  .describe('Retained while it lasts; an empty payload clears it.');
export type AlertPayload = z.infer<typeof alertSchema>;
