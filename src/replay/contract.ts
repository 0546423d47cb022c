import { z } from 'zod';
import type { Capture } from '../capture/contract.ts';
import type { Policy } from '../decide/policy.ts';
import type { SeenFrame } from '../decide/visits.ts';
import type { Gallery } from '../gallery/contract.ts';

/**
 * A recording: what a station saw, as lines of JSON, without photos and embeddings. What was decided follows from it, also with another
 * policy. Subjects are the pseudonymous ids of the gallery.
 */
const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const point = z.tuple([z.number(), z.number()]);

const faceSchema = z.object({
  box,
  probability: z.number(),
  landmarks: z.tuple([point, point, point, point, point]),
  /** As the station measured it; all measures that there are. */
  quality: z.record(z.string(), z.number().nullable()),
  matches: z.array(z.object({ subject: z.string(), similarity: z.number() })).max(2),
});

/** Counts until the next one. */
export const settingSchema = z.object({
  schema: z.literal('recording/1'),
  kind: z.literal('setting'),
  model: z.string(),
  /** The pack's own threshold, for `decision.threshold: auto`. */
  auto_threshold: z.number(),
  /** The config section `decision`; its threshold is a number. */
  decision: z.record(z.string(), z.unknown()),
  gallery: z.object({ rev: z.int(), templates: z.int() }),
});
export type Setting = z.infer<typeof settingSchema>;

export const sightSchema = z.object({
  kind: z.enum(['photo', 'burst', 'frame']),
  /** Time of the capture, epoch ms. */
  captured_at: z.number(),
  /** When it came, ms of a clock that does not jump. */
  at: z.number(),
  /** The faces of each photo; a photo and a frame are one. */
  photos: z.array(z.array(faceSchema)).min(1),
});
export type Sight = z.infer<typeof sightSchema>;

/** Takes what a station saw. It never holds the station up: what can't be written is lost, and logged once. */
export interface Recording {
  add(
    capture: Capture,
    photos: readonly SeenFrame<{ readonly policy: Policy; readonly gallery: Gallery }>[],
  ): void;
  /** Resolves when everything is written. */
  close(): Promise<void>;
}
