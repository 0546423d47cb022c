import type { BaselineJpeg } from './header.ts';

/**
 * The units of a photo's data from one restart marker to the next (ITU-T T.81, E.1.4), `from` to before `to`. When an interval is given, its bytes lie plain in the memory,
 * behind those of the intervals before, and the kernel's state says where they begin and end. Null, as the last one: the marker behind an interval is not the one that belongs there.
 *
 * `kernel` is wasm/jpeg.wat and `state` its state; the file lies at `fileAt` of its memory, and the data from `topAt` down.
 */
export function* restartIntervals(
  file: Buffer,
  header: Pick<BaselineJpeg, 'dataAt' | 'restartUnits'>,
  units: number,
  {
    fileAt,
    topAt,
    state,
    kernel,
  }: {
    readonly fileAt: number;
    readonly topAt: number;
    readonly state: Uint32Array;
    readonly kernel: { unstuff(at: number, end: number, out: number): number };
  },
): Generator<{ readonly from: number; readonly to: number } | null, void> {
  let at = fileAt + header.dataAt;
  let endBits = 0;
  state[2] = topAt;
  for (let from = 0, restarts = 0; from < units; restarts += 1) {
    const to = Math.min(units, from + (header.restartUnits || units));
    at = kernel.unstuff(at, fileAt + file.length, topAt - endBits / 8);
    state[0] = endBits;
    endBits = state[1]!;
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
