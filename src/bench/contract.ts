import { z } from 'zod';

/** The stages of a capture, in their order: the search of faces in its four parts, and what follows the worker. */
export const benchStages = [
  'decode',
  'pyramid',
  'pnet',
  'rnet',
  'onet',
  'align',
  'embed',
  'search',
  'record',
  'publish',
] as const;
export type BenchStage = (typeof benchStages)[number];

const ms = z.number().min(0);
const rate = z.number().min(0);

/** One photo size, number of faces and pack. */
export const scenarioSchema = z.object({
  photo: z.string().describe('`<width>x<height>`, or the folder that the photos came from.'),
  faces: z.number().min(0).describe('Faces found in a photo, mean.'),
  stages: z
    .record(z.enum(benchStages), z.object({ p50_ms: ms, p95_ms: ms, p99_ms: ms }))
    .describe('ms of one capture; record and publish of its events together.'),
  captures_per_s: rate.describe(
    'Of the whole station, from a folder to the acknowledged event; median of the turns.',
  ),
  worker_captures_per_s: rate.describe('Of the vision worker alone with the same photos.'),
  station_share: rate.describe('captures_per_s ÷ worker_captures_per_s, median of the turns.'),
  ort_share: z
    .number()
    .describe('Time inside ONNX Runtime ÷ all the time of the worker while photos wait for it, 0..1.'),
  detect_ort_share: z.number().describe('The same of the search for faces, from pyramid to onet.'),
  cpu_s_per_capture: z.number().describe('Processor time of the process for one capture of the station, s.'),
  event_loop_p99_ms: ms.describe(
    'Delay of the main thread under full load, without the interval of the looks.',
  ),
  tracked_share: z
    .number()
    .describe('Time of a frame whose faces are followed ÷ that of one that is searched and embedded.'),
  rss_mb: z.number().describe('Memory of the process after the scenario, MB.'),
});
export type BenchScenario = z.infer<typeof scenarioSchema>;

/** What `muster bench --json` prints: the figures of the first scenario, and all of them where there are several. */
export const benchSchema = z.object({
  schema: z.literal('bench/2'),
  at: z.iso.datetime({ precision: 3 }),
  machine: z.object({
    cpu: z.string(),
    cores: z.int(),
    memory_mb: z.int(),
    platform: z.string(),
    node: z.string(),
    muster: z.string(),
  }),
  pack: z.string(),
  model: z.string(),
  detector_mode: z.string(),
  min_face_px: z.int(),
  threads: z.int(),
  templates: z.int().describe('In the gallery that is searched.'),
  warm_up: z.int(),
  captures: z.int().describe('Measured in each scenario.'),
  ...scenarioSchema.shape,
  scenarios: z.array(scenarioSchema),
});
export type BenchReport = z.infer<typeof benchSchema>;
