import { extname } from 'node:path';
import { encodings } from '../support/images.ts';
import { seededRandom } from '../../src/lib/random.ts';
import { bombs } from './bombs.ts';
import { claimSize } from './claims.ts';
import { createDice, mutations } from './mutations.ts';
import { oddNames, strangers } from './strangers.ts';

export interface FuzzFile {
  /** As bytes, because a file system takes any. For the made ones it tells how they were made. */
  readonly name: Buffer;
  readonly bytes: Buffer;
  /** Undamaged photos are accepted; what was cut short or is no image is set aside; of the others either may become. */
  readonly expected: 'accepted' | 'set aside' | 'either';
}

/** Sizes for a header to claim, px. */
const claims: readonly (readonly [width: number, height: number])[] = [
  [65_535, 65_535],
  [1, 65_535],
  [0, 0],
  [8000, 8000],
];

/**
 * Files for the inbox: all that can be made of one portrait. Each file's chances come from a seed of its own, its number, so
 * that it can be made again alone.
 *
 * @param maxPixels the station's limit
 */
export async function fuzzCorpus(portrait: Buffer, maxPixels: number): Promise<readonly FuzzFile[]> {
  const files: FuzzFile[] = [];
  const add = (name: Buffer | string, bytes: Buffer, expected: FuzzFile['expected'] = 'either') =>
    files.push({ name: Buffer.from(name), bytes, expected });
  const dice = () => createDice(seededRandom(files.length));
  const photos = [...(await encodings(portrait))];
  const [, photo] = photos[0]!;

  for (const [name, bytes] of photos) add(name, bytes, 'accepted');
  for (const [i, [name, bytes]] of photos.entries()) {
    const [otherName, otherBytes] = photos[(i + 7) % photos.length]!;
    add(`wrongly-${name}${extname(otherName)}`, bytes, 'accepted');
    add(`spliced-${name}`, Buffer.concat([bytes.subarray(0, bytes.length / 2), otherBytes]));
  }
  for (const [mutation, mutate] of Object.entries(mutations)) {
    const expected = mutation.startsWith('cut') ? 'set aside' : 'either';
    for (const [name, bytes] of photos) add(`${mutation}-${name}`, mutate(bytes, dice()), expected);
  }
  for (const [width, height] of claims) {
    for (const [name, bytes] of photos) {
      const claiming = claimSize(bytes, width, height);
      if (claiming !== null) add(`claims-${width}x${height}-${name}`, claiming);
    }
  }
  for (const [name, bytes] of await bombs(Math.floor(Math.sqrt(maxPixels)))) {
    add(`bomb-${name}`, bytes, name.startsWith('svg') ? 'set aside' : 'either');
  }
  for (const [name, bytes] of strangers(photo, dice())) add(`stranger-${name}`, bytes, 'set aside');
  for (const [i, name] of oddNames.entries()) {
    if (i % 2 === 0) add(name, photo.subarray(0, photo.length / 2 + i), 'set aside');
    else add(name, photo, 'accepted');
  }
  return files;
}
