import { createHash } from 'node:crypto';
import { isoTime, type EpochMs } from '../lib/clock.ts';

/**
 * The identity of a capture: the same photo, offered again after a crash, has the same id. 32 hex digits of SHA-256
 * over station, content, time and name. The name is part of it because file systems stamp
 * files only every few milliseconds: two copies of one photo that arrive together are two captures.
 */
export function captureId(
  station: { readonly site: string; readonly station: string },
  capture: { readonly sha256: string; readonly capturedAt: EpochMs; readonly name: string },
): string {
  return shortHash([
    station.site,
    station.station,
    capture.sha256,
    isoTime(capture.capturedAt),
    capture.name,
  ]);
}

/** The id of the capture's event; with the policy `every` a capture may have several, told apart by their number. */
export function eventId(capture: string, index: number): string {
  return index === 0 ? capture : shortHash([capture, String(index)]);
}

function shortHash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
