import { verify } from '../decide/verify.ts';
import { isoTime } from '../lib/clock.ts';
import { round } from '../lib/round.ts';
import type { VerificationPayload } from '../telemetry/payloads.ts';
import type { EmbeddedFace, Embedding, VisionLatency } from '../vision/contract.ts';
import type { Seen } from './photos.ts';
import type { RouteContext } from './route.ts';

/** What a sample is compared with. */
export interface Reference {
  readonly kind: VerificationPayload['reference'];
  readonly embeddings: readonly Embedding[];
  /** Null for a template. */
  readonly photo: Seen | null;
}

export interface VerificationRequest {
  readonly reference: Reference;
  readonly sample: Seen;
  /** Cosine distance; left out: the pack's own. */
  readonly threshold: number | undefined;
  /** When the request came, monotonic ms. */
  readonly startedAt: number;
}

/**
 * Compares, tells it on the topic `verification`, and answers in the words of the project that Muster descends from, with
 * more beside them.
 *
 * @param more of a face, beside what every answer has
 */
export function answerVerification<M extends object>(
  { reference, sample, threshold: wanted, startedAt }: VerificationRequest,
  { station }: RouteContext,
  more: (face: EmbeddedFace) => M,
) {
  const { clock, model } = station;
  const threshold = wanted ?? 1 - model.threshold;
  const comparing = clock.monotonic();
  const { match, nearest, faces } = verify(reference.embeddings, sample.faces, threshold);
  const ended = clock.monotonic();
  const photos = [reference.photo, sample].flatMap((photo) => (photo === null ? [] : [photo.latency_ms]));
  const stage = (name: keyof VisionLatency) =>
    round(
      photos.reduce((sum, latency) => sum + latency[name], 0),
      2,
    );
  const latency = {
    queue: stage('queue'),
    decode: stage('decode'),
    detect: stage('detect'),
    align: stage('align'),
    embed: stage('embed'),
    match: round(ended - comparing, 3),
    total: round(ended - startedAt, 2),
  };
  station.tellVerification({
    schema: 'verification/1',
    ts: isoTime(clock.now()),
    reference: reference.kind,
    match,
    distance: round(nearest.distance, 4),
    similarity: round(nearest.similarity, 4),
    threshold: round(threshold, 4),
    faces_total: faces.length,
    latency_ms: latency,
    model: model.fingerprint,
  });
  return {
    match_status: match ? (1 as const) : (0 as const),
    score: round(nearest.distance, 3),
    score_type: 'cosine' as const,
    score_threshold: round(threshold, 4),
    'inferencing_latency(ms)': latency.total,
    similarity: round(nearest.similarity, 4),
    model: model.fingerprint,
    latency_ms: latency,
    reference: reference.photo === null ? null : shown(reference.photo.faces[0], more),
    faces: faces.map(({ face, distance, similarity }) => ({
      ...shown(face, more),
      distance: round(distance, 4),
      similarity: round(similarity, 4),
    })),
  };
}

function shown<M extends object>(face: EmbeddedFace, more: (face: EmbeddedFace) => M) {
  const { box, probability } = face;
  const [x1, y1, x2, y2] = box.map((edge) => round(edge, 1)) as [number, number, number, number];
  return { box: [x1, y1, x2, y2] as const, probability: round(probability, 4), ...more(face) };
}
