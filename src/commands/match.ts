import { InvalidArgumentError } from 'commander';
import { systemClock } from '../lib/clock.ts';
import { round } from '../lib/round.ts';
import type { EmbeddedFace, Vision, VisionLatency, VisionResult } from '../vision/contract.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { minFaceOption, remark, withVision } from './vision-options.ts';

interface MatchOptions {
  readonly threshold?: number;
  readonly minFace?: number;
  readonly json?: boolean;
}

/** A photo with at least one face. */
type PhotoWithFace = Extract<VisionResult, { ok: true }> & {
  readonly file: string;
  /** The largest first. */
  readonly faces: readonly [EmbeddedFace, ...EmbeddedFace[]];
};

interface Refusal {
  readonly code: string;
  readonly message: string;
}

const defaultMinFacePx = 40;

export const defineMatch: DefineVerb = (verb, context) => {
  verb
    .argument('<reference>', 'photo of the person; its largest face counts')
    .argument('<sample>', 'photo to compare with it; the face that is nearest to the reference counts')
    .option(
      '--threshold <distance>',
      "cosine distance below which faces match; default the pack's own",
      parseDistance,
    )
    .addOption(minFaceOption(`default ${defaultMinFacePx}`))
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
The distance is the cosine distance: 1 − similarity, from 0 (the same) to 2. Faces match when it is below the threshold,
which is in the same unit.

JSON: {"match", "distance", "similarity", "threshold", "latency_ms": {"decode", "detect", "align", "embed", "match",
"total"}, "reference": {"file", "width", "height", "faces", "box", "probability"}, "sample": {"file", "width", "height",
"faces": [{"box", "probability", "distance", "similarity"}]}}, the sample's faces the nearest first; or
{"error": {"code", "message"}}. Latencies are of both photos together, without the time to load the models.

The exit status is 0 when there is an answer, whether it is a match or not, and 1 when there is none because a photo
can't be analysed or shows no face.

Examples:
  muster match passport.jpg door.jpg
  muster match --threshold 0.5 --json passport.jpg door.jpg`,
    )
    .action((reference: string, sample: string, options: MatchOptions) =>
      match([reference, sample], options, context),
    );
};

async function match(
  files: readonly [string, string],
  options: MatchOptions,
  context: CommandContext,
): Promise<void> {
  const { verify } = await import('../decide/verify.ts');
  const overrides = { minFacePx: options.minFace ?? defaultMinFacePx };
  const answer = await withVision(context, overrides, async (vision, info) => {
    const started = systemClock.monotonic();
    const reference = await photoWithFace(vision, files[0]);
    if ('code' in reference) return reference;
    const sample = await photoWithFace(vision, files[1]);
    if ('code' in sample) return sample;

    const analysed = systemClock.monotonic();
    const threshold = options.threshold ?? 1 - info.threshold;
    const {
      match: matches,
      nearest,
      faces,
    } = verify([reference.faces[0].embedding], sample.faces, threshold);
    const ended = systemClock.monotonic();
    return {
      match: matches,
      distance: nearest.distance,
      similarity: nearest.similarity,
      threshold,
      latency_ms: {
        ...sumOf(reference.latency_ms, sample.latency_ms),
        match: round(ended - analysed, 3),
        total: round(ended - started, 3),
      },
      reference: {
        file: reference.file,
        width: reference.width,
        height: reference.height,
        faces: reference.faces.length,
        box: reference.faces[0].box,
        probability: reference.faces[0].probability,
      },
      sample: {
        file: sample.file,
        width: sample.width,
        height: sample.height,
        faces: faces.map(({ face: { box, probability }, distance, similarity }) => ({
          box,
          probability,
          distance,
          similarity,
        })),
      },
    };
  });

  if ('code' in answer) {
    context.exitCode(1);
    if (options.json === true) context.print(JSON.stringify({ error: answer }));
    else remark(answer.message);
    return;
  }
  if (answer.reference.faces > 1) {
    remark(`${files[0]} shows ${answer.reference.faces} faces; the largest is compared`);
  }
  if (options.json === true) {
    context.print(JSON.stringify(answer));
    return;
  }
  const { table } = await import('../lib/table.ts');
  const rows = answer.sample.faces.map(({ box, probability, distance, similarity }, index) => [
    index + 1,
    box.map((edge) => edge.toFixed(0)).join(' '),
    probability.toFixed(4),
    distance.toFixed(4),
    similarity.toFixed(4),
    distance < answer.threshold ? 'yes' : 'no',
  ]);
  context.print(
    `${answer.match ? 'match' : 'no match'}: distance ${answer.distance.toFixed(4)}, threshold ` +
      `${answer.threshold.toFixed(4)}, ${answer.latency_ms.total.toFixed(0)} ms\n\n` +
      table(['face', 'box (px)', 'probability', 'distance', 'similarity', 'match'], rows),
  );
}

/** The stages' time for both photos, ms. */
function sumOf(a: VisionLatency, b: VisionLatency): Omit<VisionLatency, 'queue'> {
  return {
    decode: round(a.decode + b.decode, 3),
    detect: round(a.detect + b.detect, 3),
    align: round(a.align + b.align, 3),
    embed: round(a.embed + b.embed, 3),
  };
}

async function photoWithFace(vision: Vision, file: string): Promise<PhotoWithFace | Refusal> {
  const { analysePhoto } = await import('../gallery/photo.ts');
  const result = await analysePhoto(vision, file);
  if (!result.ok) return { code: result.failure, message: `${file}: ${result.message}` };
  const [largest, ...others] = result.faces;
  if (largest === undefined) return { code: 'no_face', message: `${file}: no face was found` };
  return { ...result, file, faces: [largest, ...others] };
}

function parseDistance(text: string): number {
  const distance = Number(text);
  if (text.trim() === '' || !(distance >= 0 && distance <= 2)) {
    throw new InvalidArgumentError('It must be a cosine distance, a number from 0 to 2.');
  }
  return distance;
}
