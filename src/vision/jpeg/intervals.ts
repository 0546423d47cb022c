import type { BaselineJpeg } from './header.ts';

/**
 * The units of a photo's data from one restart marker to the next (ITU-T T.81, E.1.4), `from` to before `to`. The bytes of an interval are plain in the memory, at `dataAt`, when
 * it is given. Null, as the last one: the marker behind an interval is not the one that belongs there.
 *
 * `kernel` is wasm/jpeg.wat; the file lies at `fileAt` of its memory.
 */
export function* restartIntervals(
  file: Buffer,
  header: Pick<BaselineJpeg, 'dataAt' | 'restartUnits'>,
  units: number,
  {
    fileAt,
    dataAt,
    kernel,
  }: {
    readonly fileAt: number;
    readonly dataAt: number;
    readonly kernel: { unstuff(at: number, end: number, out: number): number };
  },
): Generator<{ readonly from: number; readonly to: number } | null, void> {
  let at = fileAt + header.dataAt;
  for (let from = 0, restarts = 0; from < units; restarts += 1) {
    const to = Math.min(units, from + (header.restartUnits || units));
    at = kernel.unstuff(at, fileAt + file.length, dataAt);
    yield { from, to };
    from = to;
    const marker = from < units ? 0xd0 + (restarts & 7) : 0xd9;
    if (file.length < at - fileAt + 2 || file[at - fileAt + 1] !== marker) {
      yield null;
      return;
    }
    at += 2;
  }
}
