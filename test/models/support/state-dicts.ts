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

type Shapes = Map<string, readonly number[]>;

/** Narrower than the published net by so much: it is the same net, and small enough to make in a test. */
const thinner = 8;

/**
 * A file of torch.save with a state dict of InceptionResnetV1: the right names, an eighth of the width, small random numbers.
 *
 * @param changes other shapes for some tensors; undefined leaves one out
 */
export function inceptionFile(
  changes: Readonly<Record<string, readonly number[] | undefined>> = {},
  seed = 0,
): Uint8Array {
  const thin = ([out = 1, depth = 1, ...kernel]: readonly number[]) => [
    out / thinner,
    depth === 3 ? 3 : depth / thinner,
    ...kernel,
  ];
  const shapes: Shapes = new Map();
  for (const [name, shape] of inceptionLayers()) addNormed(shapes, `${name}.conv`, `${name}.bn`, thin(shape));
  for (const [name, shape] of projections) {
    shapes.set(`${name}.conv2d.weight`, thin(shape));
    shapes.set(`${name}.conv2d.bias`, [shape[0]! / thinner]);
  }
  addNormed(shapes, 'last_linear', 'last_bn', [512, 1792 / thinner]);
  shapes.set('logits.weight', [10, 512]);
  shapes.set('logits.bias', [10]);
  return fileOf(shapes, changes, seed);
}

/** A file of torch.save with a state dict of MiniFASNet V1SE, thin as well, saved from DataParallel. */
export function miniFasNetFile(seed = 0): Uint8Array {
  const width = 4;
  const shapes: Shapes = new Map();
  const block = (name: string, shape: readonly number[]) => {
    addNormed(shapes, `${name}.conv`, `${name}.bn`, shape);
    shapes.set(`${name}.prelu.weight`, [shape[0]!]);
  };
  const depthWise = (name: string) => {
    block(`${name}.conv`, [2 * width, width, 1, 1]);
    block(`${name}.conv_dw`, [2 * width, 1, 3, 3]);
    addNormed(shapes, `${name}.project.conv`, `${name}.project.bn`, [width, 2 * width, 1, 1]);
  };
  block('conv1', [width, 3, 3, 3]);
  block('conv2_dw', [width, 1, 3, 3]);
  for (const name of ['conv_23', 'conv_34', 'conv_45']) depthWise(name);
  for (const [stage, blocks] of [
    ['conv_3', 4],
    ['conv_4', 6],
    ['conv_5', 2],
  ] as const) {
    for (let i = 0; i < blocks; i++) depthWise(`${stage}.model.${i}`);
    const squeeze = `${stage}.model.${blocks - 1}.se_module`;
    addNormed(shapes, `${squeeze}.fc1`, `${squeeze}.bn1`, [2, width, 1, 1]);
    addNormed(shapes, `${squeeze}.fc2`, `${squeeze}.bn2`, [width, 2, 1, 1]);
  }
  block('conv_6_sep', [2 * width, width, 1, 1]);
  addNormed(shapes, 'conv_6_dw.conv', 'conv_6_dw.bn', [2 * width, 1, 5, 5]);
  addNormed(shapes, 'linear', 'bn', [width, 2 * width]);
  shapes.set('prob.weight', [3, width]);
  return fileOf(new Map([...shapes].map(([name, shape]) => [`module.${name}`, shape])), {}, seed);
}

function addNormed(shapes: Shapes, layer: string, norm: string, shape: readonly number[]): void {
  shapes.set(`${layer}.weight`, shape);
  for (const part of ['weight', 'bias', 'running_mean', 'running_var'])
    shapes.set(`${norm}.${part}`, [shape[0]!]);
}

function fileOf(
  shapes: Shapes,
  changes: Readonly<Record<string, readonly number[] | undefined>>,
  seed: number,
): Uint8Array {
  for (const [name, shape] of Object.entries(changes)) {
    if (shape === undefined) shapes.delete(name);
    else shapes.set(name, shape);
  }
  const tensors = [...shapes].map(([name, shape], i): [string, TensorSpec] => [
    name,
    plain(String(i), shape, valuesOf(name, shape, 1000 * seed + i + 1)),
  ]);
  return stateDictFiles(Object.fromEntries(tensors)).archive;
}

/** Weights of a spread that keeps the signal's size from layer to layer; norms near to one that changes nothing. */
function valuesOf(name: string, shape: readonly number[], seed: number): Float32Array {
  const inputs = shape.slice(1).reduce((product, side) => product * side, 1);
  const nearOne = name.endsWith('running_var') || (name.includes('bn') && name.endsWith('.weight'));
  const middle = nearOne ? 1 : 0;
  // Small enough in front of a softmax that no class has everything.
  const last = name.endsWith('prob.weight') ? 1e-4 : 1;
  const spread = last * (shape.length > 1 ? Math.sqrt(6 / inputs) : 0.1);
  const data = new Float32Array(shape[0]! * inputs);
  let state = seed;
  for (let i = 0; i < data.length; i++) {
    // Numerical Recipes' generator.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    data[i] = middle + (state / 2 ** 31) * spread;
  }
  return data;
}
