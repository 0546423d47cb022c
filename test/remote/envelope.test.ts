import { describe, expect, it } from 'vitest';
import type { Incoming } from '../../src/broker/contract.ts';
import { createCommandMemory } from '../../src/remote/commands/memory.ts';
import { readCommand, type Circumstances } from '../../src/remote/commands/envelope.ts';
import { commands } from '../../src/remote/commands/table.ts';
import { createStore } from '../../src/store/store.ts';
import { temporaryFolder } from '../support/tools.ts';

const now = Date.parse('2026-11-23T09:00:00.000Z');
const request = { id: 'r-1', ts: '2026-11-23T08:59:50.000Z', ttl_s: 30 };

function message(content: object | string, changes: Partial<Incoming> = {}): Incoming {
  const payload = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  return {
    topic: 'x/cmd/ping',
    payload,
    retain: false,
    qos: 1,
    acknowledge: () => undefined,
    responseTopic: null,
    correlationData: null,
    ...changes,
  };
}

function codeOf(incoming: Incoming, name = 'ping', changes: Partial<Circumstances> = {}): string {
  const reading = readCommand(name, incoming, { commands, now, clock: 'synced', ...changes });
  return 'refusal' in reading ? reading.refusal.code : 'taken';
}

describe('a command', () => {
  it('is taken when it is known, in time and whole', () => {
    expect(codeOf(message(request))).toBe('taken');
    expect(codeOf(message({ ...request, later: 'fields are let pass' }))).toBe('taken');
  });

  it.each([
    ['malformed', 'ping', 'null'],
    ['malformed', 'ping', '[]'],
    ['malformed', 'ping', '{"id":"r-1"}'],
    ['malformed', 'ping', JSON.stringify({ ...request, id: 'a b' })],
    ['malformed', 'ping', JSON.stringify({ ...request, ts: 'yesterday' })],
    ['malformed', 'ping', JSON.stringify({ ...request, ttl_s: -1 })],
    ['malformed', 'ping', JSON.stringify({ ...request, args: 'all' })],
    ['too_large', 'ping', ' '.repeat(32 * 1024 + 1)],
    ['unknown_command', 'format', JSON.stringify(request)],
    ['unknown_command', '__proto__', JSON.stringify(request)],
    ['invalid_args', 'purge', JSON.stringify({ ...request, args: { what: '../..' } })],
    ['invalid_args', 'log-level', JSON.stringify({ ...request, args: { level: 'loud' } })],
  ])('is refused as %s: %s %.60s', (code, name, text) => {
    expect(codeOf(message(text), name)).toBe(code);
  });

  it('is refused when the broker kept it', () => {
    expect(codeOf(message(request, { retain: true }))).toBe('retained');
  });

  it('expires by a clock that may be right, and not by one that is known to be wrong', () => {
    const late = { now: now + 60_000 };
    expect(codeOf(message(request), 'ping', late)).toBe('expired');
    expect(codeOf(message(request), 'ping', { ...late, clock: 'unknown' })).toBe('expired');
    expect(codeOf(message(request), 'ping', { ...late, clock: 'unsynced' })).toBe('taken');
    // Two clocks are never quite the same.
    expect(codeOf(message(request), 'ping', { now: now + 24_000 })).toBe('taken');
    expect(codeOf(message(request), 'ping', { now: now + 26_000 })).toBe('expired');
  });

  it('is refused from far ahead by a clock that may be right, since it would count for too long', () => {
    const ahead = (ms: number) => message({ ...request, ts: new Date(now + ms).toISOString() });
    expect(codeOf(ahead(300_000))).toBe('taken');
    expect(codeOf(ahead(300_001))).toBe('not_yet');
    expect(codeOf(ahead(300_001), 'ping', { clock: 'unknown' })).toBe('not_yet');
    expect(codeOf(ahead(300_001), 'ping', { clock: 'unsynced' })).toBe('taken');
    expect(codeOf(message({ ...request, ts: '9999-12-31T23:59:59.999Z', ttl_s: 86_400 }))).toBe('not_yet');
  });

  it('has an id in its refusal wherever one can be read', () => {
    const idOf = (incoming: Incoming) => readCommand('ping', incoming, { commands, now, clock: 'synced' }).id;
    expect(idOf(message({ id: 'r-1' }))).toBe('r-1');
    expect(idOf(message(request, { retain: true }))).toBe('r-1');
    expect(idOf(message({ ...request, id: 'x'.repeat(65) }))).toBe(null);
    expect(idOf(message('hello'))).toBe(null);
  });
});

it('remembers the newest ids over a restart, and no more than its limit', async () => {
  const dir = await temporaryFolder();
  const store = createStore(dir);
  await store.open();
  const memory = createCommandMemory(store, 3);
  await memory.open();
  for (const id of ['a', 'b', 'c', 'd']) await memory.add(id);
  await store.close();

  const reopened = createStore(dir);
  await reopened.open();
  const again = createCommandMemory(reopened, 3);
  await again.open();
  expect(['a', 'b', 'c', 'd'].map((id) => again.has(id))).toEqual([false, true, true, true]);
  await again.add('e');
  expect(['b', 'e'].map((id) => again.has(id))).toEqual([false, true]);
  await reopened.close();
});
