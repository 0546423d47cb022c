import { minFacePx } from '../config/derived.ts';
import type { Config } from '../config/schema.ts';
import type { Gate } from '../decide/contract.ts';
import type { PhotoResult } from '../gallery/photo.ts';
import type { EmbeddedFace, Quality } from '../vision/contract.ts';
import type { CommandContext, DefineVerb } from './context.ts';
import { minFaceOption, remark, withVision } from './vision-options.ts';

interface DetectOptions {
  readonly minFace?: number;
  readonly gates?: boolean;
  readonly json?: boolean;
}

interface ReportedFace {
  readonly box: readonly number[];
  readonly probability: number;
  readonly landmarks: readonly (readonly number[])[];
  readonly quality?: Quality;
  readonly gate?: Gate | null;
}

type ReportedPhoto =
  | {
      readonly file: string;
      readonly width: number;
      readonly height: number;
      readonly faces: readonly ReportedFace[];
    }
  | { readonly file: string; readonly error: { readonly code: string; readonly message: string } };

const defaultMinFacePx = 20;

export const defineDetect: DefineVerb = (verb, context) => {
  verb
    .argument('<photo...>', 'photo files')
    .addOption(minFaceOption(`default ${defaultMinFacePx}, with --gates that of the config`))
    .option('--gates', "look as the station does, and say which of the station's gates each face fails")
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Without --gates every face is found, in the photo's full resolution (4096 px at most) and by the exact detector. With
--gates the photo is shrunk to vision.max_side_px, the detector is that of vision.detector.mode, and each face comes
with its quality and the first gate that it fails (decision.gates). Boxes are left, top, right, bottom in pixels of the
upright photo; the largest face comes first.

JSON: [{"file", "width", "height", "faces": [{"box", "probability", "landmarks", "quality", "gate"}]}], quality and
gate only with --gates; for a photo that can't be analysed {"file", "error": {"code", "message"}}.

The exit status is 1 when a photo could not be analysed; a photo without a face is an answer.

Examples:
  muster detect group.jpg
  muster detect --min-face 80 --json *.jpg
  muster --config station.yaml detect --gates door.jpg`,
    )
    .action((photos: string[], options: DetectOptions) => detect(photos, options, context));
};

async function detect(
  files: readonly string[],
  options: DetectOptions,
  context: CommandContext,
): Promise<void> {
  const config = await context.config();
  const [{ analysePhoto }, { createProgress }, gateOf] = await Promise.all([
    import('../gallery/photo.ts'),
    import('../lib/progress.ts'),
    options.gates === true ? gatesOf(config) : null,
  ]);
  const { max_side_px, detector } = config.vision;
  const overrides = {
    minFacePx: options.minFace ?? (options.gates === true ? minFacePx(config.vision) : defaultMinFacePx),
    maxSidePx: options.gates === true ? max_side_px : null,
    detectMode: options.gates === true ? detector.mode : ('exact' as const),
  };
  const photos = await withVision(context, overrides, async (vision) => {
    const progress = createProgress('photos', { total: files.length });
    const reported: ReportedPhoto[] = [];
    try {
      for (const file of files) {
        context.signal.throwIfAborted();
        reported.push(report(file, await analysePhoto(vision, file, { embed: gateOf !== null }), gateOf));
        progress.advance(1, file);
      }
    } finally {
      progress.done();
    }
    return reported;
  });

  for (const photo of photos) {
    if (!('error' in photo)) continue;
    context.exitCode(1);
    if (options.json !== true) remark(`${photo.file}: ${photo.error.message}`);
  }
  if (options.json === true) context.print(JSON.stringify(photos));
  else if (photos.some((photo) => 'faces' in photo))
    context.print(await tableOf(photos, options.gates === true));
}

type GateOf = (face: EmbeddedFace) => Gate | null;

async function gatesOf(config: Config): Promise<GateOf> {
  const { failedGate } = await import('../decide/gates.ts');
  return (face) => failedGate(face, config.decision.gates);
}

function report(file: string, result: PhotoResult, gateOf: GateOf | null): ReportedPhoto {
  if (!result.ok) return { file, error: { code: result.failure, message: result.message } };
  const { width, height } = result;
  const faces = result.faces.map((face) => {
    const { box, probability, landmarks, quality } = face;
    return { box, probability, landmarks, ...(gateOf && { quality, gate: gateOf(face) }) };
  });
  return { file, width, height, faces };
}

async function tableOf(photos: readonly ReportedPhoto[], withGates: boolean): Promise<string> {
  const { table } = await import('../lib/table.ts');
  const head = ['photo', 'size', 'face', 'left', 'top', 'right', 'bottom', 'probability'];
  const rows = photos.flatMap((photo) => {
    if ('error' in photo) return [];
    const { file, faces } = photo;
    const size = `${photo.width}×${photo.height}`;
    if (faces.length === 0) return [[file, size, 'none', '', '', '', '', '', '', '', '', '']];
    return faces.map(({ box, probability, quality, gate }, index) => [
      file,
      size,
      `${index + 1}`,
      ...box.map((edge) => edge.toFixed(0)),
      probability.toFixed(4),
      quality?.sharpness.toFixed(0) ?? '',
      quality === undefined ? '' : anglesOf(quality),
      quality?.features?.toFixed(2) ?? '',
      gate ?? 'passes',
    ]);
  });
  return withGates
    ? table([...head, 'sharpness', 'yaw, pitch, roll (°)', 'features', 'gate'], rows)
    : table(
        head,
        rows.map((row) => row.slice(0, head.length)),
      );
}

function anglesOf({ yaw_deg, pitch_deg, roll_deg }: Quality): string {
  return [yaw_deg, pitch_deg, roll_deg].map((angle) => angle.toFixed(0)).join(', ');
}
