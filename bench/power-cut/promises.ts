import type { CheckinEvent } from '../../src/telemetry/payloads.ts';

/** 2026-01-01T00:00:00Z, s: the captures are a second apart, so that an event tells whose it is. */
export const firstSecond = 1_767_225_600;

/** The number of the capture that an event is of. */
export function numberOf({ captured_at }: Pick<CheckinEvent, 'captured_at'>): number {
  return Date.parse(captured_at) / 1000 - firstSecond;
}

/** Of a file of the inbox, s; null for any other. */
export function timeOfCapture(name: string): number | null {
  const number = /capture-(\d+)\.jpg$/.exec(name)?.[1];
  return number === undefined ? null : firstSecond + Number(number);
}

/** What the process had said it would keep, up to a moment. */
export interface Promises {
  /** Captures that lie in the inbox, or did. */
  fed: number;
  /** Captures whose events the broker has acknowledged. */
  readonly delivered: Set<number>;
  gallery: { readonly revision: number; readonly digest: string } | null;
  settings: number;
}

/** Takes what the process wrote to its standard output. */
export function createPromises(): Promises & { hear(text: string): void } {
  const promises = { fed: 0, delivered: new Set<number>(), gallery: null, settings: 0 } as Promises;
  return Object.assign(promises, {
    hear(text: string) {
      for (const line of text.split('\n')) {
        const [what, first = '', second = ''] = line.split(' ');
        if (what === 'fed') promises.fed = Number(first) + 1;
        else if (what === 'delivered') promises.delivered.add(Number(first));
        else if (what === 'gallery') promises.gallery = { revision: Number(first), digest: second };
        else if (what === 'settings') promises.settings = Number(first);
      }
    },
  });
}
