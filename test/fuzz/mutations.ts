/** Numbers that programs get wrong: zero, the largest, the sign bit, all of it. */
const awkwardBytes = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

/** Ways in which a file is damaged on its way: bad memory, lost power, a full disk, a broken line, malice. */
export const mutations: Readonly<Record<string, (bytes: Buffer, dice: Dice) => Buffer>> = {
  'bit-flip': (bytes, dice) => change(bytes, 1, () => [dice.below(bytes.length), 1 << dice.below(8)]),
  'byte-flips': (bytes, dice) => change(bytes, 16, () => [dice.below(bytes.length), dice.below(256)]),
  'many-flips': (bytes, dice) =>
    change(bytes, Math.ceil(bytes.length / 50), () => [dice.below(bytes.length), dice.below(256)]),
  'header-flips': (bytes, dice) =>
    change(bytes, 3, () => [dice.below(Math.min(64, bytes.length)), dice.below(256)]),
  'awkward-numbers': (bytes, dice) => {
    const copy = Buffer.from(bytes);
    for (let i = 0; i < 4; i++) {
      const at = dice.below(Math.min(400, bytes.length - 4));
      copy.fill(dice.of(awkwardBytes), at, at + dice.of([1, 2, 4]));
    }
    return copy;
  },
  cut: (bytes, dice) => bytes.subarray(0, dice.below(bytes.length)),
  'cut-late': (bytes, dice) => bytes.subarray(0, bytes.length - 1 - dice.below(Math.ceil(bytes.length / 20))),
  'cut-early': (bytes, dice) => bytes.subarray(0, dice.below(Math.min(100, bytes.length))),
  'head-lost': (bytes, dice) => bytes.subarray(1 + dice.below(Math.ceil(bytes.length / 2))),
  'chunk-lost': (bytes, dice) => {
    const [from, to] = dice.range(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  'chunk-twice': (bytes, dice) => {
    const [from, to] = dice.range(bytes.length);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  'chunk-zeroed': (bytes, dice) => {
    const [from, to] = dice.range(bytes.length);
    return Buffer.from(bytes).fill(0, from, to);
  },
  'noise-inside': (bytes, dice) => {
    const at = dice.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), dice.noise(1 + dice.below(2000)), bytes.subarray(at)]);
  },
  'noise-after': (bytes, dice) => Buffer.concat([bytes, dice.noise(1 + dice.below(5000))]),
};

/** Picks by chance, from the numbers 0..1 of `random`. */
export interface Dice {
  /** A whole number from 0 up to, not including, `end`. */
  below(end: number): number;
  of<T>(values: readonly T[]): T;
  /** Two places in the order, at most a quarter of the length apart. */
  range(length: number): readonly [from: number, to: number];
  noise(length: number): Buffer;
}

export function createDice(random: () => number): Dice {
  const below = (end: number) => Math.floor(random() * end);
  return {
    below,
    of: (values) => values[below(values.length)]!,
    range(length) {
      const from = below(length);
      return [from, Math.min(length, from + 1 + below(Math.ceil(length / 4)))];
    },
    noise: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

/** Flips the bits of `mask` in `times` places that `pick` chooses. */
function change(bytes: Buffer, times: number, pick: () => readonly [at: number, mask: number]): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < times; i++) {
    const [at, mask] = pick();
    copy[at]! ^= mask;
  }
  return copy;
}
