import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture, CaptureOutcome, CaptureSource } from './capture/contract.ts';
import { captureId, eventId } from './decide/capture-id.ts';
import { createDecider, type Decided } from './decide/decider.ts';
import { matchFaces } from './decide/match.ts';
import { facesToExamine, type Policy } from './decide/policy.ts';
import type { SeenFrame } from './decide/visits.ts';
import type { Gallery } from './gallery/contract.ts';
import type { Activity } from './lib/activity.ts';
import { isoTime, type Clock } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import { inOrder } from './lib/in-order.ts';
import type { Log } from './lib/log.ts';
import type { Recording } from './replay/contract.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import type { Box, Vision, VisionResult } from './vision/contract.ts';

export interface CheckinParts {
  readonly station: { readonly site: string; readonly station: string };
  readonly source: CaptureSource;
  readonly vision: Vision;
  /** The gallery of this moment. */
  readonly gallery: () => Gallery;
  /** Until it resolves there is none: captures are looked at meanwhile, not matched. Rejects where none can be had, and so does the loop. */
  readonly galleryRead?: Promise<unknown>;
  /** The policy of this moment. */
  readonly policy: () => Policy;
  readonly telemetry: Pick<Telemetry, 'outbox' | 'recorder' | 'alerts' | 'captured' | 'clockTrust'>;
  /** Takes what was seen, for `muster replay`; left out: nobody does. */
  readonly recording?: Recording;
  /** Fingerprint of the models. */
  readonly model: string;
  /** Where the loop notes what it waits for, of what should be done in a moment. */
  readonly activity: Activity;
  /** A capture was settled. */
  readonly onSettled?: () => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** While one capture is recorded, the vision worker is busy with the next. */
const capturesAhead = 2;
/** The pause after a decision could not be written, ms: a full disk is no reason for a busy loop. */
const storePauseMs = 5_000;
/** Faces of a camera are followed from frame to frame; the whole frame is searched this often nevertheless, ms. */
const searchMs = 500;

type Analysed = Extract<VisionResult, { ok: true }>;

interface Seen {
  readonly capture: Capture;
  readonly id: string;
  /** One for each photo. Null: decided before. */
  readonly results: readonly VisionResult[] | null;
  /** From the capture's arrival until vision was asked, ms. */
  readonly waited: number;
}

/** One photo that was analysed and matched. */
type Look = Omit<Seen, 'results'> & {
  readonly result: Analysed;
  readonly gallery: Gallery;
  readonly policy: Policy;
  readonly matchMs: number;
};

/**
 * The station: capture → vision → match → decide → record, one capture after the other, until the signal aborts. A capture is
 * settled only when its decision is on disk; what goes wrong with one capture is that capture's outcome.
 */
export async function runCheckins(parts: CheckinParts, signal: AbortSignal): Promise<void> {
  const { source, vision, telemetry, activity, clock, log } = parts;
  const { outbox, alerts } = telemetry;
  const decider = createDecider<Look>();
  /** Captures whose worker died once. A second death is the capture's fault. */
  const retried = new Set<string>();
  /** Decisions about visits that are not on disk yet: their frames will not come again. */
  const owed: Decided<Look>[] = [];
  let searchedAt = -searchMs;

  for await (const seen of inOrder(source.captures(signal), capturesAhead, see)) {
    await parts.galleryRead;
    if (outbox.isFull())
      alerts.raise('outbox-full', 'error', 'the outbox is full: captures wait until the broker takes events');
    await outbox.room(signal);
    alerts.clear('outbox-full');
    await activity.during(settle(seen));
    parts.onSettled?.();
  }
  // Whoever stands before the camera while the station stops.
  owed.push(...decider.end(parts.policy()));
  await attempt(recordOwed);

  async function settle(seen: Seen): Promise<void> {
    await seen.capture.settle(signal.aborted ? { kind: 'later', message: 'stopping' } : await outcome(seen));
  }

  async function see(capture: Capture): Promise<Seen> {
    const id = captureId(parts.station, capture);
    const waited = clock.monotonic() - capture.arrivedAt;
    const pad = facesToExamine(parts.policy());
    if (capture.kind === 'frame') {
      const job = { photo: capture.photo, pad, ...following(decider.boxes()) };
      const results = [await vision.analyse(job)];
      return { capture, id, results, waited };
    }
    // A store that can't be read for now is the matter of `outcome`.
    const recorded = await activity.during(telemetry.recorder.isRecorded(id)).catch(() => false);
    const photos = capture.kind === 'burst' ? capture.photos : [capture.photo];
    const results = recorded
      ? null
      : await Promise.all(photos.map((photo) => vision.analyse({ photo, pad })));
    return { capture, id, results, waited };
  }

  /** How a frame is to be searched, when people were in the one before it. */
  function following(follow: readonly Box[]) {
    const search = follow.length === 0 || clock.monotonic() - searchedAt >= searchMs;
    if (search) searchedAt = clock.monotonic();
    return { follow, search };
  }

  async function outcome(seen: Seen): Promise<CaptureOutcome> {
    const { capture, id, results } = seen;
    if (results === null) return { kind: 'decided' };
    const failure = failureOf(results);
    if (failure !== null) return visionFailed(seen, failure);
    alerts.clear('vision-failing');
    retried.delete(id);
    const written = await attempt(async () => {
      // Asked again: the capture before this one may have been the same.
      if (capture.kind !== 'frame' && (await telemetry.recorder.isRecorded(id))) return;
      const looks = await Promise.all(
        results.filter((result) => result.ok).map((result) => look(seen, result)),
      );
      parts.recording?.add(capture, looks);
      const decided = decideOn(capture, looks);
      if (capture.kind !== 'frame') return await record(decided, id);
      owed.push(...decided);
      await recordOwed();
    });
    if (!written) return { kind: 'later', message: 'a decision could not be written to disk' };
    return { kind: 'decided', attention: decider.attention() };
  }

  async function look({ capture, id, waited }: Seen, result: Analysed): Promise<SeenFrame<Look>> {
    const started = clock.monotonic();
    const [gallery, policy] = [parts.gallery(), parts.policy()];
    const faces = await matchFaces(result.faces, gallery);
    const matchMs = clock.monotonic() - started;
    return { at: capture.arrivedAt, faces, of: { capture, id, waited, result, gallery, policy, matchMs } };
  }

  function decideOn({ kind }: Capture, looks: readonly SeenFrame<Look>[]): readonly Decided<Look>[] {
    const [first] = looks;
    if (first === undefined) return [];
    const { gallery, policy } = first.of;
    const galleryEmpty = gallery.templates === 0;
    if (kind === 'burst') return decider.burst(looks, policy, galleryEmpty);
    return kind === 'frame'
      ? decider.frame(first, policy, galleryEmpty)
      : decider.photo(first, policy, galleryEmpty);
  }

  /** Each visit is a capture of its own. */
  async function recordOwed(): Promise<void> {
    for (let first = owed[0]; first !== undefined; first = owed[0]) {
      await record([first], eventId(first.shown.of.id, first.number));
      owed.shift();
    }
  }

  /** Writes the decisions of one capture, and what makes it known as decided. */
  async function record(decided: readonly Decided<Look>[], id: string): Promise<void> {
    const entries = await telemetry.recorder.record(
      id,
      decided.map((one) => [one.decision, factsOf(one)]),
    );
    alerts.clear('store-failing');
    const events = entries.map(({ event }) => event);
    const [shown] = decided;
    if (shown !== undefined) telemetry.captured(shown.shown.of.capture.capturedAt, events);
    for (const { event_id, seq, decision, reason, gate, similarity, latency_ms } of events) {
      log.info({ event_id, seq, decision, reason, gate, similarity, total_ms: latency_ms.total }, 'decided');
    }
  }

  function factsOf({ shown, number, visit }: Decided<Look>) {
    const { capture, id, waited, result, gallery, policy, matchMs } = shown.of;
    const now = clock.monotonic();
    const { queue, decode, detect, align, embed } = result.latency_ms;
    return {
      eventId: eventId(id, number),
      capturedAt: capture.capturedAt,
      clock: telemetry.clockTrust(),
      faces: shown.faces,
      threshold: policy.threshold,
      padMode: policy.pad.mode,
      latency: {
        queue: waited + queue,
        decode,
        detect,
        align,
        embed,
        match: matchMs,
        total: now - capture.arrivedAt,
      },
      visit: visit && {
        first_at: isoTime(visit.first.of.capture.capturedAt),
        frames: visit.frames,
        usable: visit.usable,
        agreeing: visit.agreeing,
        total_ms: now - visit.first.of.capture.arrivedAt,
      },
      model: parts.model,
      galleryRevision: gallery.revision,
    };
  }

  /** Whether it worked; what did not is an alert, and worth a pause. */
  async function attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      alerts.raise('store-failing', 'error', `a decision could not be written to disk: ${messageOf(error)}`);
      await sleep(storePauseMs, undefined, { signal }).catch(() => undefined);
      return false;
    }
  }

  function visionFailed({ capture, id }: Seen, { failure, message }: Failed): CaptureOutcome {
    if (failure === 'vision_failed') {
      alerts.raise('vision-failing', 'warning', `the vision worker failed: ${message}`);
      if (!retried.has(id) && capture.kind !== 'frame') {
        retried.add(id);
        return { kind: 'later', message };
      }
    }
    retried.delete(id);
    return { kind: 'failed', code: failure, message };
  }
}

type Failed = Extract<VisionResult, { ok: false }>;

/** A burst may have bad photos among good ones; but a lost worker is no photo's fault. */
function failureOf(results: readonly VisionResult[]): Failed | null {
  const failed = results.filter((result) => !result.ok);
  const lost = failed.find(({ failure }) => failure === 'vision_failed');
  return lost ?? (failed.length === results.length ? (failed[0] ?? null) : null);
}
