import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { groupWithBella, portraits, scenery } from '../../demo/sample-photos.ts';
import { muster } from '../gallery/muster.ts';
import { temporaryFolder } from '../support/tools.ts';

async function folderWith(...names: (keyof typeof portraits)[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of names) await writeFile(join(folder, `${name}.jpg`), await portraits[name]());
  return folder;
}

test('two photos of one person match, with the distance in the unit of the threshold', async () => {
  const folder = await folderWith('bella', 'bellaAgain');
  const { status, stdout, stderr } = await muster(folder, ['match', '--json', 'bella.jpg', 'bellaAgain.jpg']);
  expect([status, stderr]).toEqual([0, '']);
  const answer = JSON.parse(stdout);
  expect(answer).toMatchObject({
    match: true,
    latency_ms: { decode: expect.any(Number), detect: expect.any(Number), align: expect.any(Number) },
    reference: { file: 'bella.jpg', faces: 1, box: expect.any(Array), probability: expect.any(Number) },
    sample: { file: 'bellaAgain.jpg', faces: [{ distance: answer.distance, similarity: answer.similarity }] },
  });
  expect(answer.distance).toBeCloseTo(1 - answer.similarity, 12);
  expect(answer.distance).toBeLessThan(answer.threshold);
  const { decode, detect, align, embed, match, total } = answer.latency_ms;
  expect(decode + detect + align + embed + match).toBeLessThan(total);

  const strict = await muster(folder, [
    'match',
    '--json',
    '--threshold',
    '0.01',
    'bella.jpg',
    'bellaAgain.jpg',
  ]);
  expect(strict.status).toBe(0);
  expect(JSON.parse(strict.stdout)).toMatchObject({ match: false, threshold: 0.01 });
});

test('the nearest face of the sample decides', async () => {
  const folder = await folderWith('bella');
  const { status, stdout } = await muster(folder, ['match', '--json', 'bella.jpg', groupWithBella()]);
  expect(status).toBe(0);
  const { match, distance, sample } = JSON.parse(stdout);
  expect(match).toBe(true);
  const distances: number[] = sample.faces.map((face: { distance: number }) => face.distance);
  expect(distances.length).toBeGreaterThanOrEqual(4);
  expect(distances).toEqual(distances.toSorted((a, b) => a - b));
  expect(distance).toBe(distances[0]);
  expect(distances[1]).toBeGreaterThan(0.6);
});

test('different people do not match, which is an answer', async () => {
  const folder = await folderWith('bella', 'clara');
  const { status, stdout } = await muster(folder, ['match', 'clara.jpg', 'bella.jpg']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^no match: distance \d\.\d{4}, threshold 0\.\d{4}, \d+ ms\n\nface +box/);
});

test('of several faces in the reference the largest counts, and that is said', async () => {
  const folder = await folderWith('stranger');
  const { status, stderr } = await muster(folder, ['match', groupWithBella(), 'stranger.jpg']);
  expect(status).toBe(0);
  expect(stderr).toMatch(/shows \d faces; the largest is compared/);
});

test('without a face there is no answer', async () => {
  const folder = await folderWith('clara');
  await writeFile(join(folder, 'empty.jpg'), await scenery());
  const none = await muster(folder, ['match', '--json', '--min-face', '60', 'clara.jpg', 'empty.jpg']);
  expect(none.status).toBe(1);
  expect(JSON.parse(none.stdout)).toEqual({
    error: { code: 'no_face', message: 'empty.jpg: no face was found' },
  });
  const gone = await muster(folder, ['match', 'gone.jpg', 'clara.jpg']);
  expect(gone).toEqual({ status: 1, stdout: '', stderr: 'muster: gone.jpg: there is no such file\n' });
});

test('wrong usage is told', async () => {
  for (const threshold of ['far', '-0.1', '2.5', '']) {
    expect((await muster('.', ['match', '--threshold', threshold, 'a.jpg', 'b.jpg'])).status).toBe(2);
  }
  expect((await muster('.', ['match', 'a.jpg'])).status).toBe(2);
});
