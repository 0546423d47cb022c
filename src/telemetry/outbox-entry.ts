import type { NumberedEvent } from './contract.ts';

const prefix = 'outbox/';

/** All keys of the outbox. */
export const outboxRange = { gte: prefix, lt: 'outbox0' } as const;

export function keyOf(seq: number): string {
  return prefix + padded(seq);
}

export function seqOf(key: string): number {
  return Number(key.slice(prefix.length));
}

/** Where an entry is put that can't be read. */
export function unreadableKeyOf(seq: number): string {
  return `unreadable/${padded(seq)}`;
}

/** The event of an entry; null where a damaged disk left something else. */
export function readEntry(value: string): NumberedEvent | null {
  try {
    const event = JSON.parse(value) as Partial<NumberedEvent> | null;
    const readable =
      typeof event?.event_id === 'string' &&
      typeof event.stream === 'string' &&
      typeof event.seq === 'number' &&
      Number.isFinite(Date.parse(event.decided_at ?? ''));
    return readable ? (event as NumberedEvent) : null;
  } catch {
    return null;
  }
}

function padded(seq: number): string {
  return String(seq).padStart(16, '0');
}
