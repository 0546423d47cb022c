import { expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

const keys = ['url', 'username', 'password', 'password_file', 'keepalive_s', 'min_face_px'];

test.each([
  ['usrname', 'username'],
  ['passwrod', 'password'],
  ['PASSWORD', 'password'],
  ['passwordFile', 'password_file'],
  ['keep-alive-s', 'keepalive_s'],
  ['lru', undefined],
  ['ulr', 'url'],
  ['topic', undefined],
  ['', undefined],
  ['x'.repeat(10_000), undefined],
])('%s means %s', (word, meant) => {
  expect(nearest(word, keys)).toBe(meant);
});

test('the nearest one wins, and of equals the first', () => {
  expect(nearest('gate', ['gates', 'rate', 'gate'])).toBe('gate');
  expect(nearest('cat', ['bat', 'rat'])).toBe('bat');
});
