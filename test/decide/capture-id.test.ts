import { expect, it } from 'vitest';
import { captureId, eventId } from '../../src/decide/capture-id.ts';

const station = { site: 'hq', station: 'door-1' };
const capture = { sha256: 'ab', capturedAt: 1_795_424_531_482, name: 'a.jpg' };

it('is the same for the same capture, also written down', () => {
  // First 32 digits of sha256('["hq","door-1","ab","2026-11-23T09:02:11.482Z","a.jpg"]'). It must never change: integrators keep it.
  expect(captureId(station, capture)).toBe('bfb9c681ec01580b11590be3726b9eea');
});

it.each([
  ['site', { ...station, site: 'lab' }, capture],
  ['station', { ...station, station: 'door-2' }, capture],
  ['content', station, { ...capture, sha256: 'ac' }],
  ['time', station, { ...capture, capturedAt: capture.capturedAt + 1 }],
  ['name', station, { ...capture, name: 'b.jpg' }],
])('differs with the %s', (_, otherStation, otherCapture) => {
  expect(captureId(otherStation, otherCapture)).not.toBe(captureId(station, capture));
});

it('numbers the events of one capture', () => {
  const id = captureId(station, capture);
  expect(eventId(id, 0)).toBe(id);
  expect(new Set([0, 1, 2].map((index) => eventId(id, index))).size).toBe(3);
});
