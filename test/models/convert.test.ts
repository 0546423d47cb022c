import { describe, expect, it } from 'vitest';
import { MusterError } from '../../src/lib/errors.ts';
import { answer, converted, expected, graphOf, net, type Conversion } from './support/convert.ts';
import { distance, noise } from './support/nets.ts';
import type { TensorSpec, TfliteSpec } from './support/tflite-file.ts';

const floats = (shape: readonly number[], ...values: number[]): TensorSpec => ({
  shape,
  data: Float32Array.from(values),
});
const window = { padding: 1, stride_w: 1, stride_h: 1 };

/** One operator on an image or a row, with what it must answer, computed by hand. Images are N, H, W, C. */
const byHand: readonly {
  readonly name: string;
  readonly spec: TfliteSpec;
  readonly input: readonly number[];
  readonly output: readonly number[];
}[] = [
  {
    name: 'CONV_2D with a bias, VALID',
    // Two rows of one channel; the kernel takes the upper left and twice the lower right.
    spec: net(
      [1, 2, 3, 1],
      [1, 1, 2, 1],
      [floats([1, 2, 2, 1], 1, 0, 0, 2), floats([1], 0.5)],
      [{ code: 'CONV_2D', inputs: [0, 1, 2], outputs: [3], options: window }],
    ),
    input: [1, 2, 3, 4, 5, 6],
    output: [1 + 10 + 0.5, 2 + 12 + 0.5],
  },
  {
    name: 'CONV_2D, SAME with a stride of 2: the padding lies behind',
    spec: net(
      [1, 2, 2, 1],
      [1, 1, 1, 1],
      [floats([1, 3, 3, 1], 1, 2, 3, 4, 5, 6, 7, 8, 9)],
      [{ code: 'CONV_2D', inputs: [0, 1], outputs: [2], options: { padding: 0, stride_w: 2, stride_h: 2 } }],
    ),
    input: [1, 10, 100, 1000],
    output: [1 + 20 + 400 + 5000],
  },
  {
    name: 'CONV_2D with an activation',
    spec: net(
      [1, 1, 2, 1],
      [1, 1, 2, 1],
      [floats([1, 1, 1, 1], -1)],
      [{ code: 'CONV_2D', inputs: [0, 1], outputs: [2], options: { ...window, activation: 1 } }],
    ),
    input: [3, -4],
    output: [0, 4],
  },
  {
    name: 'DEPTHWISE_CONV_2D',
    spec: net(
      [1, 1, 2, 2],
      [1, 1, 1, 2],
      [floats([1, 1, 2, 2], 1, 2, 3, 4), floats([2], 0, 100)],
      [
        {
          code: 'DEPTHWISE_CONV_2D',
          inputs: [0, 1, 2],
          outputs: [3],
          options: { ...window, depth_multiplier: 1 },
        },
      ],
    ),
    input: [1, 10, 2, 20],
    output: [1 + 6, 20 + 80 + 100],
  },
  {
    name: 'MAX_POOL_2D, SAME on an odd side: the last window is cut',
    spec: net(
      [1, 3, 3, 1],
      [1, 2, 2, 1],
      [],
      [
        {
          code: 'MAX_POOL_2D',
          inputs: [0],
          outputs: [1],
          options: { padding: 0, stride_w: 2, stride_h: 2, filter_w: 2, filter_h: 2 },
        },
      ],
    ),
    input: [-1, -2, -3, -4, -5, -6, -7, -8, -9],
    output: [-1, -3, -7, -9],
  },
  {
    name: 'FULLY_CONNECTED on an image takes its values in the order H, W, C',
    spec: net(
      [1, 1, 2, 2],
      [1, 2],
      [floats([2, 4], 1, 10, 100, 1000, 0, 0, 0, 1), floats([2], 0, 5)],
      [{ code: 'FULLY_CONNECTED', inputs: [0, 1, 2], outputs: [3], options: {} }],
    ),
    input: [1, 2, 3, 4],
    output: [4321, 9],
  },
  {
    name: 'RESHAPE of an image to a row keeps the order H, W, C',
    spec: net(
      [1, 1, 2, 2],
      [1, 4],
      [],
      [{ code: 'RESHAPE', inputs: [0], outputs: [1], options: { new_shape: [1, 4] } }],
    ),
    input: [1, 2, 3, 4],
    output: [1, 2, 3, 4],
  },
  {
    name: 'PRELU',
    spec: net(
      [1, 1, 2, 2],
      [1, 1, 2, 2],
      [floats([2], 0.5, -2)],
      [{ code: 'PRELU', inputs: [0, 1], outputs: [2] }],
    ),
    input: [-2, -2, 3, 3],
    output: [-1, 4, 3, 3],
  },
  {
    name: 'SOFTMAX',
    spec: net([1, 2], [1, 2], [], [{ code: 'SOFTMAX', inputs: [0], outputs: [1], options: { beta: 1 } }]),
    input: [0, Math.log(3)],
    output: [0.25, 0.75],
  },
  {
    name: 'SUB of a constant for each channel',
    spec: net(
      [1, 1, 2, 2],
      [1, 1, 2, 2],
      [floats([2], 1, 2)],
      [{ code: 'SUB', inputs: [0, 1], outputs: [2], options: {} }],
    ),
    input: [1, 1, 5, 5],
    output: [0, -1, 4, 3],
  },
  {
    name: 'MUL by a number, with an activation',
    spec: net(
      [1, 2],
      [1, 2],
      [floats([1], 2)],
      [{ code: 'MUL', inputs: [0, 1], outputs: [2], options: { activation: 4 } }],
    ),
    input: [0, 0.5],
    output: [0, Math.tanh(1)],
  },
  {
    name: 'ADD of a tensor to itself',
    spec: net([1, 2], [1, 2], [], [{ code: 'ADD', inputs: [0, 0], outputs: [1], options: {} }]),
    input: [1, -2],
    output: [2, -4],
  },
  {
    name: 'DIV',
    spec: net(
      [1, 2],
      [1, 2],
      [floats([2], 2, 4)],
      [{ code: 'DIV', inputs: [0, 1], outputs: [2], options: {} }],
    ),
    input: [1, 1],
    output: [0.5, 0.25],
  },
  ...(['RELU', 'NEG', 'ABS'] as const).map((code) => ({
    name: code,
    spec: net([1, 2], [1, 2], [], [{ code, inputs: [0], outputs: [1] }]),
    input: [3, -4],
    output: { RELU: [3, 0], NEG: [-3, 4], ABS: [3, 4] }[code],
  })),
];

describe('one operator, computed by hand', () => {
  it.each(byHand)('$name', async ({ spec, input, output }) => {
    const graph = graphOf(spec);
    const values = { shape: spec.tensors[0]?.shape ?? [], data: Float32Array.from(input) };
    expect(expected(graph, values).data, 'the reference of the tests').toEqual(Float32Array.from(output));
    const answered = await answer(converted(graph), values);
    expect(answered.shape).toEqual(spec.tensors.at(-1)?.shape);
    expect(distance(answered.data, Float32Array.from(output))).toBeLessThan(1e-6);
  });
});

/** Every way in which a window can lie on an image of 7 × 10 (upright: height × width). */
const windows = [0, 1].flatMap((padding) =>
  [1, 2, 3].flatMap((stride) =>
    [
      [1, 1],
      [2, 3],
      [3, 2],
      [4, 4],
    ].map(([filter_h = 0, filter_w = 0]) => ({
      padding,
      stride_h: stride,
      stride_w: 3 - (stride % 3),
      filter_h,
      filter_w,
    })),
  ),
);

function outputSide(size: number, kernel: number, stride: number, padding: number): number {
  return padding === 0 ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
}

const plans = [
  { transposed: false, freeSize: false },
  { transposed: true, freeSize: false },
  { transposed: false, freeSize: true },
  { transposed: true, freeSize: true },
];

/** How far the converted net's answer to noise is from the reference's; infinite where it has another shape. */
async function deviation(spec: TfliteSpec, plan: Conversion): Promise<number> {
  const graph = graphOf(spec);
  const input = noise(spec.tensors[0]?.shape ?? [], 3);
  const answered = await answer(converted(graph, plan), input, plan.transposed);
  const wanted = expected(graph, input);
  return String(answered.shape) === String(wanted.shape) ? distance(answered.data, wanted.data) : Infinity;
}

describe.each(plans)('transposed: $transposed, free size: $freeSize', (plan) => {
  it.each(windows)(
    'windows of $filter_h×$filter_w, stride $stride_h×$stride_w, padding $padding',
    async (options) => {
      const { filter_h, filter_w, ...conv } = options;
      const [batch, height, width, channels] = [2, 7, 10, 4];
      const image = [batch, height, width, channels];
      const out = [
        outputSide(height, filter_h, conv.stride_h, conv.padding),
        outputSide(width, filter_w, conv.stride_w, conv.padding),
      ];
      expect(
        await deviation(
          net(
            image,
            [batch, ...out, channels],
            [],
            [{ code: 'MAX_POOL_2D', inputs: [0], outputs: [1], options }],
          ),
          plan,
        ),
      ).toBeLessThan(1e-5);
      expect(
        await deviation(
          net(
            image,
            [batch, ...out, 3],
            [noise([3, filter_h, filter_w, channels], 5), noise([3], 6)],
            [{ code: 'CONV_2D', inputs: [0, 1, 2], outputs: [3], options: conv }],
          ),
          plan,
        ),
      ).toBeLessThan(1e-5);
      expect(
        await deviation(
          net(
            image,
            [batch, ...out, 8],
            [noise([1, filter_h, filter_w, 8], 7), noise([8], 8)],
            [
              {
                code: 'DEPTHWISE_CONV_2D',
                inputs: [0, 1, 2],
                outputs: [3],
                options: { ...conv, depth_multiplier: 2 },
              },
            ],
          ),
          plan,
        ),
      ).toBeLessThan(1e-5);
    },
  );

  it.each([0, 1])('a dilated convolution, padding %i', async (padding) => {
    const out = padding === 0 ? [7, 10] : [7 - 2 * 2, 10 - 1];
    const options = { padding, stride_w: 1, stride_h: 1, dilation_h: 2, dilation_w: 1 };
    expect(
      await deviation(
        net(
          [1, 7, 10, 2],
          [1, ...out, 3],
          [noise([3, 3, 2, 2], 5)],
          [{ code: 'CONV_2D', inputs: [0, 1], outputs: [2], options }],
        ),
        plan,
      ),
    ).toBeLessThan(1e-5);
  });
});

describe.each([{ transposed: false }, { transposed: true }])(
  'from image to row, transposed: $transposed',
  (plan) => {
    it('FULLY_CONNECTED', async () => {
      expect(
        await deviation(
          net(
            [2, 3, 5, 4],
            [2, 7],
            [noise([7, 60], 5), noise([7], 6)],
            [{ code: 'FULLY_CONNECTED', inputs: [0, 1, 2], outputs: [3], options: { activation: 1 } }],
          ),
          plan,
        ),
      ).toBeLessThan(1e-5);
    });

    it('RESHAPE', async () => {
      expect(
        await deviation(
          net([2, 3, 5, 4], [2, 60], [], [{ code: 'RESHAPE', inputs: [0], outputs: [1], options: {} }]),
          plan,
        ),
      ).toBeLessThan(1e-5);
    });
  },
);

describe('the batch', () => {
  it('is free although the file has a fixed one', async () => {
    const graph = graphOf(
      net(
        [2, 3, 3, 2],
        [2, 5],
        [noise([5, 18], 5)],
        [{ code: 'FULLY_CONNECTED', inputs: [0, 1], outputs: [2], options: {} }],
      ),
    );
    const onnx = converted(graph);
    for (const batch of [1, 2, 7]) {
      const input = noise([batch, 3, 3, 2], batch);
      const answered = await answer(onnx, input);
      expect(answered.shape).toEqual([batch, 5]);
      expect(distance(answered.data, expected(graph, input).data)).toBeLessThan(1e-5);
    }
  });
});

describe('what there is no rule for', () => {
  const row = [1, 2];
  const conv = { ...window };
  const refused: readonly (readonly [what: string, spec: TfliteSpec, reason: RegExp])[] = [
    [
      'an unknown operator',
      net(row, row, [], [{ code: 'RESIZE_BILINEAR', inputs: [0], outputs: [1] }]),
      /no rule for the operator RESIZE_BILINEAR/,
    ],
    [
      'a custom operator',
      net(row, row, [], [{ code: 'CUSTOM', inputs: [0], outputs: [1] }]),
      /operator CUSTOM/,
    ],
    [
      'an unknown activation',
      net(row, row, [], [{ code: 'ADD', inputs: [0, 0], outputs: [1], options: { activation: 3 } }]),
      /ADD .*activation 3/,
    ],
    [
      'a kernel that is computed',
      net([1, 1, 1, 1], [1, 1, 1, 1], [], [{ code: 'CONV_2D', inputs: [0, 0], outputs: [1], options: conv }]),
      /CONV_2D .*input 1 is not a float32 constant/,
    ],
    [
      'a missing input',
      net([1, 1, 1, 1], [1, 1, 1, 1], [], [{ code: 'CONV_2D', inputs: [0], outputs: [1], options: conv }]),
      /CONV_2D .*input 1 is missing/,
    ],
    [
      'a kernel that does not fit',
      net(
        [1, 1, 1, 3],
        [1, 1, 1, 1],
        [noise([1, 1, 1, 2])],
        [{ code: 'CONV_2D', inputs: [0, 1], outputs: [2], options: conv }],
      ),
      /CONV_2D .*3 channels do not fit/,
    ],
    [
      'a stride of nothing',
      net(
        [1, 2, 2, 1],
        [1, 1, 1, 1],
        [],
        [{ code: 'MAX_POOL_2D', inputs: [0], outputs: [1], options: { filter_w: 2, filter_h: 2 } }],
      ),
      /MAX_POOL_2D .*stride/,
    ],
    [
      'a free size together with a dilation and a stride',
      net(
        [1, 8, 8, 1],
        [1, 4, 4, 1],
        [noise([1, 2, 2, 1])],
        [
          {
            code: 'CONV_2D',
            inputs: [0, 1],
            outputs: [2],
            options: { padding: 0, stride_w: 2, stride_h: 2, dilation_h: 2, dilation_w: 2 },
          },
        ],
      ),
      /CONV_2D .*free size/,
    ],
    [
      'a constant of an odd shape',
      net(
        [1, 2, 2, 2],
        [1, 2, 2, 2],
        [noise([2, 2, 1])],
        [{ code: 'MUL', inputs: [0, 1], outputs: [2], options: {} }],
      ),
      /MUL .*\[2, 2, 1\]/,
    ],
    [
      'columns that do not fit',
      net(
        row,
        row,
        [noise([2, 3])],
        [{ code: 'FULLY_CONNECTED', inputs: [0, 1], outputs: [2], options: {} }],
      ),
      /FULLY_CONNECTED .*3 columns/,
    ],
    [
      'another softmax',
      net(row, row, [], [{ code: 'SOFTMAX', inputs: [0], outputs: [1], options: { beta: 2 } }]),
      /SOFTMAX .*beta/,
    ],
    [
      'a reshape that is no flattening',
      net(row, [2, 1], [], [{ code: 'RESHAPE', inputs: [0], outputs: [1], options: {} }]),
      /RESHAPE .*from \[1, 2\] to \[2, 1\]/,
    ],
    [
      'two outputs',
      { ...net(row, row, [], [{ code: 'RELU', inputs: [0], outputs: [1, 1] }]) },
      /RELU .*exactly one output/,
    ],
  ];

  it.each(refused)('%s is refused by its name', (_, spec, reason) => {
    const error = thrown(() => converted(graphOf(spec), { freeSize: true }));
    expect(error).toBeInstanceOf(MusterError);
    expect(error).toMatchObject({ code: 'tflite_unsupported', message: expect.stringMatching(reason) });
  });

  it('a graph with other inputs or outputs than planned is refused', () => {
    const graph = graphOf(net(row, row, [], [{ code: 'RELU', inputs: [0], outputs: [1] }]));
    expect(() => converted({ ...graph, outputs: [1, 1] })).toThrow(/another number of inputs or outputs/);
  });
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
