/**
 * How the images of a TFLite net lie: `upright` as N, height, width, C; `transposed` as N, width, height, C, because
 * the net was trained on transposed images. ONNX has them as N, C, height, width.
 */
export type ImageOrder = 'upright' | 'transposed';

/** Shape of an image in ONNX's order; shapes of another rank are the same in both. */
export function channelsFirst(shape: readonly number[], order: ImageOrder): readonly number[] {
  if (shape.length !== 4) return shape;
  return axes(order).map((axis) => shape[axis] ?? 0);
}

/**
 * Constants of four dimensions in ONNX's order: kernels `[out, h, w, in]` become `[out, in, h, w]`, and the columns of a
 * fully connected layer, read as `[out, h, w, in]`, come to where a flattened N, C, H, W image has them.
 */
export function weightsChannelsFirst(
  data: Float32Array,
  shape: readonly number[],
  order: ImageOrder,
): Float32Array {
  const from = axes(order);
  const strideOf = (axis: number) => shape.slice(axis + 1).reduce((product, side) => product * side, 1);
  const [a = 0, b = 0, c = 0, d = 0] = from.map((axis) => shape[axis] ?? 0);
  const [strideA = 0, strideB = 0, strideC = 0, strideD = 0] = from.map(strideOf);
  const result = new Float32Array(data.length);
  let to = 0;
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++)
        for (let l = 0; l < d; l++)
          result[to++] = data[i * strideA + j * strideB + k * strideC + l * strideD] ?? 0;
  return result;
}

/** A height and a width of the TFLite net as those of the upright image. */
export function heightAndWidth(height: number, width: number, order: ImageOrder): readonly [number, number] {
  return order === 'upright' ? [height, width] : [width, height];
}

/** For each of N, C, height and width, the axis that it is in TFLite. */
function axes(order: ImageOrder): readonly number[] {
  return order === 'upright' ? [0, 3, 1, 2] : [0, 3, 2, 1];
}

/** For each axis of the TFLite image, the one that it is in ONNX. */
export function channelsLastPermutation(order: ImageOrder): readonly number[] {
  return order === 'upright' ? [0, 2, 3, 1] : [0, 3, 2, 1];
}
