import { subject } from '../gallery/support.ts';
import type { UsablePhoto } from '../../src/calibrate/photos.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { toUnitLength } from '../../src/vision/embedding.ts';

const dimension = 24;

/** Numbers of the standard normal distribution (Box and Muller 1958). */
export function normalFrom(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Photos of people, each around a direction of their own: about 0.75 to their own, about 0 to others. */
export function crowd(people: number, each: number, seed = 1): UsablePhoto[] {
  const normal = normalFrom(seededRandom(seed));
  const direction = () => Float32Array.from({ length: dimension }, normal);
  return Array.from({ length: people }, (_, person) => {
    const own = direction();
    return Array.from({ length: each }, (__, n): UsablePhoto => {
      const noise = direction();
      return {
        subject: subject(`p-${String(person).padStart(3, '0')}`),
        n,
        file: `p-${person}/${n}.jpg`,
        embedding: toUnitLength(own.map((value, i) => value + 0.6 * noise[i]!)),
      };
    });
  }).flat();
}

/** As they are collected, none of them failing. */
export function collected(photos: readonly UsablePhoto[]) {
  const subjects = new Set(photos.map((photo) => photo.subject)).size;
  const people = { photos: photos.length, fta: 0, subjects, fte: 0, subjects_with_several: subjects };
  return { photos, failures: [], people };
}
