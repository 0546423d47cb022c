import { setTimeout as sleep } from 'node:timers/promises';
import type { Capture, CaptureOutcome, CaptureSource } from './capture/contract.ts';
import { captureId, eventId } from './decide/capture-id.ts';
import { matchFaces } from './decide/match.ts';
import { decide, facesToExamine, type Policy } from './decide/policy.ts';
import type { Gallery } from './gallery/contract.ts';
import type { Activity } from './lib/activity.ts';
import type { Clock } from './lib/clock.ts';
import { messageOf } from './lib/errors.ts';
import { inOrder } from './lib/in-order.ts';
import type { Log } from './lib/log.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import type { Vision, VisionResult } from './vision/contract.ts';

export interface CheckinParts {
  readonly station: { readonly site: string; readonly station: string };
  readonly source: CaptureSource;
  readonly vision: Vision;
  /** The gallery of this moment. */
  readonly gallery: () => Gallery;
  /** The policy of this moment. */
  readonly policy: () => Policy;
  readonly telemetry: Pick<Telemetry, 'outbox' | 'recorder' | 'alerts' | 'captured' | 'clockTrust'>;
  /** Fingerprint of the models. */
  readonly model: string;
  /** Where the loop notes what it waits for, of what should be done in a moment. */
  readonly activity: Activity;
  readonly clock: Clock;
  readonly log: Log;
}

/** While one capture is recorded, the vision worker is busy with the next. */
const capturesAhead = 2;
/** The pause after a decision could not be written, ms: a full disk is no reason for a busy loop. */
const storePauseMs = 5_000;

interface Seen {
  readonly capture: Capture;
  readonly id: string;
  /** Null: decided before. */
  readonly result: VisionResult | null;
  /** From the capture's arrival until vision was asked, ms. */
  readonly waited: number;
}

/**
 * The station: capture → vision → match → decide → record, one capture after the other, until the signal aborts. A capture is
 * settled only when its decision is on disk; what goes wrong with one capture is that capture's outcome.
 */
export async function runCheckins(parts: CheckinParts, signal: AbortSignal): Promise<void> {
  const { source, vision, telemetry, activity, clock, log } = parts;
  const { outbox, alerts } = telemetry;
  /** Captures whose worker died once. A second death is the capture's fault. */
  const retried = new Set<string>();

  for await (const seen of inOrder(source.captures(signal), capturesAhead, see)) {
    if (outbox.isFull())
      alerts.raise('outbox-full', 'error', 'the outbox is full: captures wait until the broker takes events');
    await outbox.room(signal);
    alerts.clear('outbox-full');
    await activity.during(settle(seen));
  }

  async function settle(seen: Seen): Promise<void> {
    await seen.capture.settle(signal.aborted ? { kind: 'later', message: 'stopping' } : await outcome(seen));
  }

  async function see(capture: Capture): Promise<Seen> {
    const id = captureId(parts.station, capture);
    const waited = clock.monotonic() - capture.arrivedAt;
    // A store that can't be read for now is the matter of `outcome`.
    const recorded = await activity.during(telemetry.recorder.isRecorded(id)).catch(() => false);
    const result = recorded
      ? null
      : await vision.analyse({ photo: capture.photo, pad: facesToExamine(parts.policy()) });
    return { capture, id, result, waited };
  }

  async function outcome(seen: Seen): Promise<CaptureOutcome> {
    const { capture, id, result } = seen;
    if (result === null) return { kind: 'decided' };
    try {
      // Asked again: the capture before this one may have been the same.
      if (await telemetry.recorder.isRecorded(id)) return { kind: 'decided' };
      if (!result.ok) return visionFailed(id, result);
      alerts.clear('vision-failing');
      retried.delete(id);
      const started = clock.monotonic();
      const gallery = parts.gallery();
      const policy = parts.policy();
      const faces = await matchFaces(result.faces, gallery);
      const decisions = decide(faces, policy, gallery.templates === 0);
      const now = clock.monotonic();
      const { queue, decode, detect, align, embed } = result.latency_ms;
      const facts = {
        capturedAt: capture.capturedAt,
        clock: telemetry.clockTrust(),
        faces,
        threshold: policy.threshold,
        padMode: policy.pad.mode,
        latency: {
          queue: seen.waited + queue,
          decode,
          detect,
          align,
          embed,
          match: now - started,
          total: now - capture.arrivedAt,
        },
        model: parts.model,
        galleryRevision: gallery.revision,
      };
      const entries = await telemetry.recorder.record(
        id,
        decisions.map((decision, index) => [decision, { ...facts, eventId: eventId(id, index) }]),
      );
      alerts.clear('store-failing');
      const events = entries.map(({ event }) => event);
      telemetry.captured(capture.capturedAt, events);
      for (const event of events) {
        const { event_id, seq, decision, reason, gate, similarity, latency_ms } = event;
        log.info(
          { event_id, seq, decision, reason, gate, similarity, total_ms: latency_ms.total },
          'decided',
        );
      }
      return { kind: 'decided' };
    } catch (error) {
      alerts.raise('store-failing', 'error', `a decision could not be written to disk: ${messageOf(error)}`);
      await sleep(storePauseMs, undefined, { signal }).catch(() => undefined);
      return { kind: 'later', message: messageOf(error) };
    }
  }

  function visionFailed(
    id: string,
    { failure, message }: Extract<VisionResult, { ok: false }>,
  ): CaptureOutcome {
    if (failure === 'vision_failed') {
      alerts.raise('vision-failing', 'warning', `the vision worker failed: ${message}`);
      if (!retried.has(id)) {
        retried.add(id);
        return { kind: 'later', message };
      }
    }
    retried.delete(id);
    return { kind: 'failed', code: failure, message };
  }
}
