import { expect, it } from 'vitest';
import { createMailbox, type Frame } from '../../../src/capture/camera/mailbox.ts';

const frame = (n: number): Frame => ({ jpeg: Buffer.from([n]), at: n, arrivedAt: n });

it('tells whose memory may be used again: frames that were passed over, or given back', () => {
  const mailbox = createMailbox();
  const [a, b, c, d] = [frame(1), frame(2), frame(3), frame(4)];
  expect(mailbox.put(a)).toBeNull();
  expect(mailbox.put(b)).toBe(a);
  expect(mailbox.take()).toBe(b);
  // It is being looked at.
  expect(mailbox.put(c)).toBeNull();
  mailbox.giveBack(b);
  expect(mailbox.take()).toBe(c);
  expect(mailbox.put(d)).toBe(b);
  mailbox.giveBack(c);
  mailbox.take();
  expect(mailbox.put(frame(5))).toBe(c);
  expect(mailbox.put(frame(6))).toMatchObject({ at: 5 });
});

it('never one that somebody has asked for, whether before it was taken or after it was given back', () => {
  const mailbox = createMailbox();
  const [a, b, c] = [frame(1), frame(2), frame(3)];
  mailbox.put(a);
  expect(mailbox.newest()).toBe(a);
  expect(mailbox.put(b)).toBeNull();
  mailbox.giveBack(mailbox.take()!);
  expect(mailbox.newest()).toBe(b);
  expect(mailbox.put(c)).toBeNull();
  expect(mailbox.put(frame(4))).toBe(c);
});
