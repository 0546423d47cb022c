import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { groupPhoto, scenery } from '../../demo/sample-photos.ts';
import { muster, shared } from '../gallery/muster.ts';
import { temporaryFolder } from '../support/tools.ts';

type Box = [number, number, number, number];
interface Found {
  file: string;
  width: number;
  height: number;
  faces: {
    box: Box;
    probability: number;
    landmarks: [number, number][];
    quality?: object;
    gate?: string | null;
  }[];
  error?: { code: string; message: string };
}

/** Share of two boxes' union that they have in common, 0..1. */
function overlap(a: Box, b: Box): number {
  const area = ([x1, y1, x2, y2]: Box) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const common = area([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ]);
  return common / (area(a) + area(b) - common);
}

test('every face is found, the largest first', async () => {
  const { status, stdout } = await muster('.', [
    'detect',
    '--min-face',
    '100',
    '--json',
    groupPhoto(3),
    groupPhoto(6),
  ]);
  expect(status).toBe(0);
  const photos: Found[] = JSON.parse(stdout);
  expect(photos.map(({ file, width, height, faces }) => [file, width, height, faces.length])).toEqual([
    [groupPhoto(3), 1920, 1350, 3],
    [groupPhoto(6), 1920, 1537, 4],
  ]);
  const [middle] = photos[0]!.faces;
  expect(overlap(middle!.box, [1059, 201, 1287, 510])).toBeGreaterThan(0.9);
  expect(middle!.probability).toBeGreaterThan(0.99);
  expect(middle!.landmarks).toHaveLength(5);
  expect(Object.keys(middle!).toSorted()).toEqual(['box', 'landmarks', 'probability']);
});

test("--gates looks with the station's settings and names the gate that fails", async () => {
  const settings = { MUSTER_DECISION__GATES__YAW_DEG: '10', MUSTER_VISION__MIN_FACE_PX: '100' };
  const { status, stdout } = await muster('.', ['detect', '--gates', '--json', groupPhoto(1)], settings);
  expect(status).toBe(0);
  const [{ faces }]: [Found] = JSON.parse(stdout);
  expect(faces.map(({ gate }) => String(gate)).toSorted()).toEqual(['null', 'yaw', 'yaw']);
  expect(faces[0]!.quality).toMatchObject({ size_px: expect.any(Number), yaw_deg: expect.any(Number) });
});

test('a photo without a face is an answer; a file that is no photo is a failure of its own', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'empty.jpg'), await scenery());
  await writeFile(join(folder, 'text.jpg'), 'no photo');
  const args = ['detect', '--min-face', '60', 'empty.jpg', 'text.jpg', 'gone.jpg'];
  const { status, stdout } = await muster(folder, [...args, '--json']);
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject([
    { file: 'empty.jpg', width: 640, height: 480, faces: [] },
    { file: 'text.jpg', error: { code: 'not_an_image', message: expect.any(String) } },
    { file: 'gone.jpg', error: { code: 'unreadable', message: 'there is no such file' } },
  ]);
  const table = await muster(folder, args);
  expect(table.status).toBe(1);
  expect(table.stdout).toMatch(/^photo +size +face.*\nempty\.jpg +640×480 +none$/m);
  expect(table.stderr).toMatch(/muster: text\.jpg: .*\nmuster: gone\.jpg: there is no such file\n/);
});

test('wrong usage is told', async () => {
  for (const args of [
    ['detect'],
    ['detect', '--min-face', '1.5', 'x.jpg'],
    ['detect', '--min-face', '3', 'x.jpg'],
  ]) {
    expect((await muster('.', args)).status).toBe(2);
  }
});

test.skipIf(shared === null)('finds the faces that facenet-pytorch finds (needs ../shared)', async () => {
  const golden: { images: { file: string; faces: { box: Box; prob: number }[] }[] } = JSON.parse(
    await readFile(join(shared!, 'golden/mtcnn.json'), 'utf8'),
  );
  const files = golden.images.map(({ file }) => file);
  const { status, stdout } = await muster(join(shared!, 'faces-dev'), [
    'detect',
    '--json',
    '--min-face',
    '20',
    ...files,
  ]);
  expect(status).toBe(0);
  const photos: Found[] = JSON.parse(stdout);
  const overlaps = golden.images.flatMap(({ faces }, index) =>
    faces.map(({ box }) => Math.max(0, ...photos[index]!.faces.map((face) => overlap(face.box, box)))),
  );
  expect(photos.reduce((sum, { faces }) => sum + faces.length, 0)).toBe(89);
  expect(overlaps).toHaveLength(89);
  expect(Math.min(...overlaps)).toBeGreaterThan(0.97);
});
