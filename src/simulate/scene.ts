import { z } from 'zod';
import type { EpochMs } from '../lib/clock.ts';
import { seededRandom } from '../lib/random.ts';
import { daylight } from './day.ts';

/**
 * What a virtual camera saw. It takes the place of the photo: the capture's bytes are its JSON, so that identity, deduplication and
 * memory are those of real captures.
 */
export const sceneSchema = z.object({
  index: z.int().min(0),
  /** Of everything in it that is left to chance. */
  seed: z.int().min(0),
  /** Numbers of the people in it, the nearest first; null for a stranger. */
  people: z.array(z.int().min(0).nullable()),
  /** 0 is dark, 1 is bright. */
  light: z.number().min(0).max(1),
  blurred: z.boolean(),
});
export type Scene = z.infer<typeof sceneSchema>;

/** Shares of what comes to a door. */
const strangers = 0.06;
const nobody = 0.05;
const groups = 0.08;
const blurred = 0.03;
/** Lamps at the door. */
const lamplight = 0.45;

/** The scene number `index` of a station, at a time. The same arguments make the same scene. */
export function sceneAt(index: number, time: EpochMs, seed: number, people: number): Scene {
  const sceneSeed = (Math.imul(seed, 0x9e3779b1) + Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  const random = seededRandom(sceneSeed);
  const someone = () => (random() < strangers ? null : Math.floor(random() * people));
  const first = random() < nobody ? [] : [someone()];
  const others = first.length > 0 && random() < groups ? [someone(), someone()] : [];
  const sun = lamplight + (1 - lamplight) * daylight(time);
  return {
    index,
    seed: sceneSeed,
    people: [...first, ...others],
    light: Math.min(1, Math.max(0, sun * (0.55 + 0.5 * random()))),
    blurred: random() < blurred,
  };
}

/** The scene that a virtual capture holds. */
export function readScene(photo: Uint8Array): Scene {
  return sceneSchema.parse(JSON.parse(Buffer.from(photo).toString()));
}

export function writeScene(scene: Scene): Buffer {
  return Buffer.from(JSON.stringify(scene));
}
