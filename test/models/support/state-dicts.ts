import { plain, stateDictFiles, type TensorSpec } from './torch-file.ts';

/** Every layer with a batch norm of InceptionResnetV1: its name and kernel. */
function inceptionLayers(): readonly (readonly [name: string, shape: readonly number[]])[] {
  const block = (name: string, branches: readonly (readonly (readonly number[])[])[]) =>
    branches.flatMap((steps, b) =>
      steps.map((shape, i) => [`${name}.branch${b}${steps.length > 1 ? `.${i}` : ''}`, shape] as const),
    );
  const times = <T>(count: number, make: (i: number) => readonly T[]) =>
    Array.from({ length: count }, (_, i) => make(i)).flat();
  return [
    ['conv2d_1a', [32, 3, 3, 3]],
    ['conv2d_2a', [32, 32, 3, 3]],
    ['conv2d_2b', [64, 32, 3, 3]],
    ['conv2d_3b', [80, 64, 1, 1]],
    ['conv2d_4a', [192, 80, 3, 3]],
    ['conv2d_4b', [256, 192, 3, 3]],
    ...times(5, (i) =>
      block(`repeat_1.${i}`, [
        [[32, 256, 1, 1]],
        [
          [32, 256, 1, 1],
          [32, 32, 3, 3],
        ],
        [
          [32, 256, 1, 1],
          [32, 32, 3, 3],
          [32, 32, 3, 3],
        ],
      ]),
    ),
    ...block('mixed_6a', [
      [[384, 256, 3, 3]],
      [
        [192, 256, 1, 1],
        [192, 192, 3, 3],
        [256, 192, 3, 3],
      ],
    ]),
    ...times(10, (i) =>
      block(`repeat_2.${i}`, [
        [[128, 896, 1, 1]],
        [
          [128, 896, 1, 1],
          [128, 128, 1, 7],
          [128, 128, 7, 1],
        ],
      ]),
    ),
    ...block('mixed_7a', [
      [
        [256, 896, 1, 1],
        [384, 256, 3, 3],
      ],
      [
        [256, 896, 1, 1],
        [256, 256, 3, 3],
      ],
      [
        [256, 896, 1, 1],
        [256, 256, 3, 3],
        [256, 256, 3, 3],
      ],
    ]),
    ...[0, 1, 2, 3, 4]
      .map((i) => `repeat_3.${i}`)
      .concat('block8')
      .flatMap((name) =>
        block(name, [
          [[192, 1792, 1, 1]],
          [
            [192, 1792, 1, 1],
            [192, 192, 1, 3],
            [192, 192, 3, 1],
          ],
        ]),
      ),
  ];
}

const projections: readonly (readonly [name: string, shape: readonly number[]])[] = [
  ...[0, 1, 2, 3, 4].map((i) => [`repeat_1.${i}`, [256, 96, 1, 1]] as const),
  ...Array.from({ length: 10 }, (_, i) => [`repeat_2.${i}`, [896, 256, 1, 1]] as const),
  ...[0, 1, 2, 3, 4].map((i) => [`repeat_3.${i}`, [1792, 384, 1, 1]] as const),
  ['block8', [1792, 384, 1, 1]],
];

/**
 * A file of torch.save with a state dict of InceptionResnetV1: the right names and shapes, small random numbers.
 *
 * @param changes other shapes for some tensors; undefined leaves one out
 */
export function inceptionFile(
  changes: Readonly<Record<string, readonly number[] | undefined>> = {},
): Uint8Array {
  const shapes = new Map<string, readonly number[]>();
  for (const [name, shape] of inceptionLayers()) {
    shapes.set(`${name}.conv.weight`, shape);
    for (const part of ['weight', 'bias', 'running_mean', 'running_var'])
      shapes.set(`${name}.bn.${part}`, [shape[0]!]);
  }
  for (const [name, shape] of projections) {
    shapes.set(`${name}.conv2d.weight`, shape);
    shapes.set(`${name}.conv2d.bias`, [shape[0]!]);
  }
  shapes.set('last_linear.weight', [512, 1792]);
  for (const part of ['weight', 'bias', 'running_mean', 'running_var']) shapes.set(`last_bn.${part}`, [512]);
  shapes.set('logits.weight', [10, 512]);
  shapes.set('logits.bias', [10]);
  for (const [name, shape] of Object.entries(changes)) {
    if (shape === undefined) shapes.delete(name);
    else shapes.set(name, shape);
  }
  const tensors = [...shapes].map(([name, shape], i): [string, TensorSpec] => [
    name,
    plain(String(i), shape, valuesOf(name, shape, i + 1)),
  ]);
  return stateDictFiles(Object.fromEntries(tensors)).archive;
}

/** Weights of a spread that keeps the signal's size from layer to layer; norms near to one that changes nothing. */
function valuesOf(name: string, shape: readonly number[], seed: number): Float32Array {
  const inputs = shape.slice(1).reduce((product, side) => product * side, 1);
  const nearOne = name.endsWith('running_var') || (name.includes('bn') && name.endsWith('.weight'));
  const middle = nearOne ? 1 : 0;
  const spread = shape.length > 1 ? Math.sqrt(6 / inputs) : 0.1;
  const data = new Float32Array(shape[0]! * inputs);
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    // Numerical Recipes' generator: 23 million numbers are wanted at once.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    data[i] = middle + (state / 2 ** 31) * spread;
  }
  return data;
}
