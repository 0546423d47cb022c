import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isoTime, type Clock } from '../lib/clock.ts';
import { codeOf } from '../lib/errors.ts';
import { writeWhole } from '../lib/write-whole.ts';

/** By the fingerprint and what else decides which pixels are embedded. */
const goldenSchema = z.record(
  z.string(),
  z.object({
    /** Of the drawn face, base64 of float32, little-endian. It is nobody's. */
    embedding: z.base64(),
    recorded_at: z.string(),
  }),
);
type GoldenFile = z.infer<typeof goldenSchema>;

export interface GoldenOptions {
  /** Numbers that come with the program; read only. */
  readonly shipped: string;
  /** Where the first run with other models keeps what it found. */
  readonly recorded: string;
  readonly clock: Clock;
}

/**
 * The same on x64 and arm64, with any number of threads, to about 1e-6. A similarity that has lost a thousandth decides nothing else, but
 * something has changed that should not.
 */
export const leastSimilarity = 0.999;

export function goldenFile(dataDir: string): string {
  return join(dataDir, 'golden.json');
}

/**
 * Compares the embedding of the drawn face with what it is known to be: as it was shipped, else as the first run on this machine
 * recorded it. Rejects where it has drifted.
 */
export async function compareWithGolden(
  key: string,
  embedding: Float32Array,
  { shipped, recorded, clock }: GoldenOptions,
): Promise<string> {
  const known = (await readGolden(shipped))[key] ?? (await readGolden(recorded))[key];
  if (known === undefined) {
    const entry = { embedding: encode(embedding), recorded_at: isoTime(clock.now()) };
    await writeWhole(
      recorded,
      `${JSON.stringify({ ...(await readGolden(recorded)), [key]: entry }, null, 2)}\n`,
    );
    return 'the numbers of the drawn face were recorded, to be compared with from now on';
  }
  const similarity = dot(decode(known.embedding), embedding);
  if (!(similarity >= leastSimilarity)) {
    throw new Error(
      `the drawn face does not give the numbers that it gave on ${known.recorded_at.slice(0, 10)} (similarity ${similarity.toFixed(5)}, at least ${leastSimilarity}): the models, the libraries or the hardware compute something else. Templates made before may not fit any more`,
    );
  }
  return `the drawn face gives the numbers of ${known.recorded_at.slice(0, 10)} (similarity ${similarity.toFixed(5)})`;
}

/** Empty where there is none, or a damaged one. */
async function readGolden(file: string): Promise<GoldenFile> {
  try {
    return goldenSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if (codeOf(error) !== undefined && codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw error;
    return {};
  }
}

function encode(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4);
  return bytes.toString('base64');
}

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return Float32Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => bytes.readFloatLE(i * 4));
}

/** NaN for vectors of different lengths. */
export function dot(a: Float32Array, b: Float32Array): number {
  return a.length === b.length ? a.reduce((sum, value, i) => sum + value * b[i]!, 0) : Number.NaN;
}
