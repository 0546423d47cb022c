import { expect, test } from 'vitest';
import { createProgress } from '../../src/lib/progress.ts';
import { manualClock } from '../support/tools.ts';

function recorder(terminal: { isTTY: true; columns: number } | Record<string, never> = {}) {
  const written: string[] = [];
  return { written, stream: { ...terminal, write: (text: string) => written.push(text) } };
}

test('work of less than two seconds shows nothing', () => {
  const { written, stream } = recorder();
  const clock = manualClock();
  const progress = createProgress('photos', { total: 2, stream, clock });
  progress.advance();
  clock.advance(1999);
  progress.advance();
  progress.done();
  expect(written).toEqual([]);
});

test('elsewhere than on a terminal there is a line every five seconds at the most', () => {
  const { written, stream } = recorder();
  const clock = manualClock();
  const progress = createProgress('photos', { total: 200, stream, clock });
  for (let count = 0; count < 20; count++) {
    clock.advance(500);
    progress.advance(1, `photo-${count}.jpg`);
  }
  progress.done();
  expect(written).toEqual([
    'photos: 4 of 200 (2 %), 1 min 38 s left, photo-3.jpg\n',
    'photos: 14 of 200 (7 %), 1 min 33 s left, photo-13.jpg\n',
    'photos: 20 of 200 in 10 s\n',
  ]);
});

test('on a terminal one line is written over, cut to its width', () => {
  const { written, stream } = recorder({ isTTY: true, columns: 30 });
  const clock = manualClock();
  const progress = createProgress('photos', { total: 3, stream, clock });
  clock.advance(2000);
  progress.advance(1, 'a-very-long-name-of-a-photo.jpg');
  clock.advance(50);
  progress.advance();
  clock.advance(50);
  progress.advance();
  progress.done();
  expect(written).toEqual([
    '\r\u001b[2Kphotos: 1 of 3 (33 %), 4 s le',
    '\r\u001b[2Kphotos: 3 of 3 (100 %), 0 s l',
    '\r\u001b[2Kphotos: 3 of 3 in 2 s',
    '\n',
  ]);
});

test('without a total it counts, and long durations are told in hours', () => {
  const { written, stream } = recorder();
  const clock = manualClock();
  const progress = createProgress('events', { stream, clock });
  clock.advance(7_500_000);
  progress.advance(5);
  progress.done();
  expect(written).toEqual(['events: 5\n', 'events: 5 in 2 h 5 min\n']);
});
