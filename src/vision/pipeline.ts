import { createTurns } from '../lib/turns.ts';
import { loadPack } from '../models/load.ts';
import type { Manifest } from '../models/manifest.ts';
import { fingerprintOf } from './fingerprint.ts';
import { alignFace, cropLength, cropSide } from './align.ts';
import { openAttackDetection, type AttackMode } from './attack.ts';
import type { Box, EmbeddedFace, Embedding, VisionInfo, VisionLatency, VisionResult } from './contract.ts';
import { createPictures, type Picture } from './area.ts';
import { cropperOf, type Cropper } from './crop.ts';
import { createDecoder, type DecodeResult, type Photo } from './decode.ts';
import { createDetector, type DetectMode, type FoundFace } from './detect/detect.ts';
import { createEmbedder } from './embed.ts';
import type { Image } from './image.ts';
import { BeyondPart, createPartDecoder, pictureOfPart } from './jpeg/part.ts';
import { measureQuality } from './quality.ts';
import type { Look } from './protocol.ts';
import { createRuntime, type Runtime, type RuntimeOptions } from './runtime.ts';
import { showCrop } from './show.ts';
import type { TunedThreads } from './threads.ts';

/** What the stages need to know. A plain value: it crosses to the worker thread. */
export interface PipelineOptions {
  readonly modelsDir: string;
  /** That of the folder, where it has been read already: a thread need not load then what reads it. */
  readonly manifest?: Manifest;
  readonly pack: string;
  /** Shorter side of the smallest face to find, px of the upright photo. */
  readonly minFacePx: number;
  /** Photos are shrunk until their longer side is at most this, px; null: never. */
  readonly maxSidePx: number | null;
  /** Photos with more pixels are refused. */
  readonly maxPixels: number;
  /** Whether the detector gives the reference's faces or saves time. */
  readonly detectMode: DetectMode;
  /** Least probability after P-Net, R-Net and O-Net, 0..1 each. */
  readonly thresholds: readonly [number, number, number];
  /** From one pyramid level to the next, 0..1. */
  readonly factor: number;
  /** Cores that one inference may use. */
  readonly threads: number;
  /** Counts instead of `threads` where the pack is the one that it was measured with. */
  readonly tuned?: TunedThreads | null;
  /** Numbers of the cores that the thread is kept on; null or left out: anywhere. */
  readonly cpus?: readonly number[] | null;
  /** Longest time a job may take, ms. */
  readonly timeoutMs: number;
  /** Where graphs that were optimised for this machine are kept; null or left out: nowhere. */
  readonly graphsDir?: string | null;
  /** Whether the mirror image of a face is embedded too. */
  readonly flip: boolean;
  /** What attack detection is for, which says whether its nets must be there. */
  readonly pad: AttackMode;
}

/** The stages of a photo in one place: decode, detect, align, embed. */
export interface Pipeline {
  readonly info: VisionInfo;
  /**
   * Throws only for bugs; what is wrong with a photo is a result. One photo at a time is in the nets, in the order of the calls. One
   * that is given meanwhile is decoded beside it, and then waits for its turn (`latency_ms.queue`). Each such photo is in memory.
   */
  analyse(photo: Uint8Array, look?: Look): Promise<VisionResult>;
  close(): Promise<void>;
}

/** P-Net's window: smaller faces cannot be found without enlarging the photo. */
const smallestFacePx = 12;

/** A bound on time and memory; the faces of a photo beyond it, the smallest, are left out. */
const facesPerPhoto = 256;

/** What may be decoded around a face that is followed, beyond the square around its box, as a share of the square's side: it may have moved, and it is seen with some of its surroundings. */
const followMargin = 0.5;
const noRows = { top: 0, bottom: 0 };

/** More faces than this nobody looks at one by one. */
const cropsPerPhoto = 32;

/**
 * The nets that find faces leave a core to the decoding of the next photo: their layers are small, so that the last thread helps them
 * little, and a thread that has to wait for a core keeps all the others waiting at each.
 */
const detectThreads = (threads: number) => Math.max(1, threads - 1);

/** Loads the pack and makes the sessions. Rejects with the MusterError of `loadPack`. `open` makes the runtime: one may look at what goes through it. */
export async function createPipeline(
  options: PipelineOptions,
  open: (options: RuntimeOptions) => Runtime = createRuntime,
): Promise<Pipeline> {
  const pack = await loadPack(options.modelsDir, options.pack, options.manifest);
  const fingerprint = fingerprintOf(pack, options.flip);
  const threads = options.tuned?.fingerprint === fingerprint ? options.tuned.threads : options.threads;
  const runtime = open({ threads, graphsDir: options.graphsDir ?? null });
  const [pnet, rnet, onet, embedder] = await Promise.all([
    runtime.load(pack.pnet, detectThreads(threads)),
    runtime.load(pack.rnet, detectThreads(threads)),
    runtime.load(pack.onet, detectThreads(threads)),
    runtime.load(pack.embedder),
  ]);
  const { name, dimension, threshold, featureLength } = pack;
  const decode = createDecoder({ ...options, threads });
  const decodePart = createPartDecoder(options);
  const detector = createDetector({ pnet, rnet, onet }, { ...options, mode: options.detectMode });
  const pictureOf = createPictures();
  const cropper = cropperOf(pack.preprocessing);
  const side = cropper.kind === 'own' ? cropper.side : cropSide;
  const embed = createEmbedder(embedder, { side, dimension, flip: options.flip });
  const attacks = await openAttackDetection(options, runtime);
  const inTurn = createTurns();

  return {
    info: {
      pack: name,
      fingerprint,
      dimension,
      threshold,
      threads,
      cpus: options.cpus ?? null,
      pad: attacks.info,
    },

    analyse(bytes, look = {}) {
      const wait = stopwatch();
      // sharp works in threads of its own: beside the nets, which block this one.
      const decoding = needsPart(look) ? null : decode(bytes);
      // Until its turn comes nobody asks.
      decoding?.catch(() => {});
      return inTurn(() => examine(bytes, decoding, look, wait()));
    },

    close: () => runtime.close(),
  };

  /** Whether only the pixels around the faces that are followed are needed, unless one of them is lost. */
  function needsPart({ follow = [], search = follow.length === 0, pad = 0 }: Look): boolean {
    return !search && pad === 0 && cropper.kind !== 'own';
  }

  /** Of each face first the square that it is looked for in. */
  function decodeAround(bytes: Uint8Array, follow: readonly Box[]) {
    const squares = follow.map((box) => squareAround(box, 0));
    const reach = follow.map((box) => squareAround(box, followMargin));
    return decodePart(bytes, squares, reach);
  }

  async function examine(
    bytes: Uint8Array,
    decoding: Promise<DecodeResult> | null,
    look: Look,
    queue: number,
  ): Promise<VisionResult> {
    const startedAt = performance.now();
    const part = decoding === null ? decodeAround(bytes, look.follow ?? []) : null;
    if (part !== null) {
      const { image } = part;
      const photo = { width: image.width, height: image.height, image };
      const picture = pictureOfPart(pictureOf(image, noRows), part);
      try {
        return await examinePhoto(photo, picture, look, { queue, decode: performance.now() - startedAt });
      } catch (error) {
        // A face has moved away, or is to be searched for.
        if (!(error instanceof BeyondPart)) throw error;
      }
    }
    const decoded = await (decoding ?? decode(bytes));
    if (!decoded.ok) return decoded;
    const picture = pictureOf(decoded.photo.image);
    return await examinePhoto(decoded.photo, picture, look, { queue, decode: performance.now() - startedAt });
  }

  async function examinePhoto(
    { width, height, image }: Photo,
    picture: Picture,
    { embed: embeds = true, follow = [], search = follow.length === 0, crop: shows = false, pad = 0 }: Look,
    before: Pick<VisionLatency, 'queue' | 'decode'>,
  ): Promise<VisionResult> {
    const lap = stopwatch();
    const inferenceBefore = runtime.inferenceMs();
    const toImage = Math.max(image.width / width, image.height / height);
    const minFacePx = Math.max(smallestFacePx, options.minFacePx * toImage);
    const boxes = follow.map((box) => scaleBox(box, image.width / width, image.height / height));
    const { faces: all, ms: detect_ms } = await detector.find(picture, {
      minFacePx,
      follow: boxes,
      search,
    });
    const detect_inference_ms = runtime.inferenceMs() - inferenceBefore;
    const found = all.slice(0, facesPerPhoto);
    const detection = lap();

    const landmarks = await detector.relocate(picture, found);
    const wanted = found.map(({ followed }) => embeds === true || (embeds === 'new' && followed === null));
    const [slots, toEmbed] = trueFirst(wanted);
    const crops = new Float32Array(found.length * cropLength);
    const measured = found.map((face, i) => {
      const crop = crops.subarray(slots[i]! * cropLength, (slots[i]! + 1) * cropLength);
      alignFace(picture, landmarks[i]!, crop);
      const inPhoto = scaleFace(face, width / image.width, height / image.height);
      return { ...inPhoto, quality: measureQuality(inPhoto, crop, width, height) };
    });
    const align = lap();

    const inputs = cropper.kind === 'own' ? cutOwn(cropper, image, found, slots, toEmbed) : crops;
    const embedded = await embed(inputs, toEmbed);
    const examined = found.slice(0, pad).map(({ box }) => box);
    const live = (await attacks.detect?.(image, examined)) ?? [];
    const faces = measured.map((face, i): EmbeddedFace => {
      const { embedding, length } = embedded[slots[i]!] ?? none;
      const features = length === null || featureLength === null ? null : length / featureLength;
      return { ...face, quality: { ...face.quality, features }, embedding, pad: live[i] ?? null };
    });
    const latency_ms: VisionLatency = {
      ...before,
      detect: detection,
      align,
      embed: lap(),
    };
    const shown = shows ? Math.min(faces.length, cropsPerPhoto) : 0;
    const pngs = await Promise.all(
      faces.slice(0, shown).map((_face, i) => {
        return showCrop(crops.subarray(slots[i]! * cropLength, (slots[i]! + 1) * cropLength));
      }),
    );
    return {
      ok: true,
      width,
      height,
      faces: faces.map((face, i) => (pngs[i] === undefined ? face : { ...face, crop: pngs[i] })),
      latency_ms,
      detect_ms,
      detect_inference_ms,
      inference_ms: runtime.inferenceMs() - inferenceBefore,
    };
  }
}

/** The embedding of a face that was only detected. */
const none = { embedding: new Float32Array(0) as Embedding, length: null };

/** The crops, for a pack that has its own, of the faces that are to be embedded: those with the first places. */
function cutOwn(
  { side, cut }: Extract<Cropper, { kind: 'own' }>,
  image: Image,
  faces: readonly FoundFace[],
  slots: readonly number[],
  count: number,
): Float32Array {
  const length = 3 * side * side;
  const crops = new Float32Array(count * length);
  faces.forEach(({ box }, i) => {
    const slot = slots[i]!;
    if (slot < count) cut(image, box, crops.subarray(slot * length, (slot + 1) * length));
  });
  return crops;
}

/** Each call gives the time since the one before, ms. */
function stopwatch(): () => number {
  let before = performance.now();
  return () => {
    const now = performance.now();
    const lap = now - before;
    before = now;
    return lap;
  };
}

/** A place for each, from 0 on: those that are true before the others, each in order; and how many they are. */
function trueFirst(values: readonly boolean[]): readonly [places: readonly number[], count: number] {
  const count = values.filter(Boolean).length;
  let next = 0;
  let nextOther = count;
  return [values.map((value) => (value ? next++ : nextOther++)), count];
}

/** The square around a box, and a margin on each side of it, as a share of the square's side. */
function squareAround([x1, y1, x2, y2]: Box, margin: number): Box {
  const half = Math.max(x2 - x1, y2 - y1) * (0.5 + margin);
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  return [x - half, y - half, x + half, y + half];
}

function scaleBox([x1, y1, x2, y2]: Box, x: number, y: number): Box {
  return [x1 * x, y1 * y, x2 * x, y2 * y];
}

function scaleFace(
  { box, probability, landmarks, followed }: FoundFace,
  x: number,
  y: number,
): Omit<FoundFace, 'stayed'> {
  const [a, b, c, d, e] = landmarks;
  const scale = ([px, py]: (typeof landmarks)[number]) => [px * x, py * y] as const;
  return {
    box: scaleBox(box, x, y),
    probability,
    landmarks: [scale(a), scale(b), scale(c), scale(d), scale(e)],
    followed,
  };
}
