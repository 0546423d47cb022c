import { expect, it } from 'vitest';
import { readDotProduct } from '../../src/board/dot-product.ts';

it.each([
  ['flags\t\t: fpu avx2 avx_vnni', 'avx_vnni'],
  ['flags\t\t: fpu avx2 avx512_vnni', 'avx512_vnni'],
  ['flags\t\t: fpu avx2', null],
  ['processor\t: 0\nFeatures\t: fp asimd asimddp', 'asimddp'],
  ['Features\t: fp asimd evtstrm crc32', null],
  [null, null],
])('%s', async (text, wanted) => {
  expect(await readDotProduct(() => Promise.resolve(text))).toBe(wanted);
});
