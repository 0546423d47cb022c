import { MusterError } from '../../lib/errors.ts';
import { FlatbufferError, readFlatbuffer, type Table } from './flatbuffer.ts';
import { operatorName, optionTables } from './operators.ts';

export type TensorType = 'float32' | 'int32' | 'other';

export interface TfliteTensor {
  readonly name: string;
  /** As the file has it: images are N, H, W, C. */
  readonly shape: readonly number[];
  readonly type: TensorType;
  /** The values of a constant, in the order of `shape`; undefined for what is computed. */
  readonly data: Float32Array | Int32Array | undefined;
}

export interface TfliteOperator {
  /** `CONV_2D`, … as in TensorFlow's schema. */
  readonly code: string;
  /** Indices into the graph's tensors; −1 for an optional input that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options: Readonly<Record<string, number | readonly number[]>>;
}

export interface TfliteGraph {
  readonly tensors: readonly TfliteTensor[];
  /** In an order in which they can be computed. */
  readonly operators: readonly TfliteOperator[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

const mostEdges = 64;
const deepestRank = 6;
const custom = 32;

/**
 * Reads a TFLite model (a flatbuffer with the mark TFL3, version 3 of TensorFlow's `lite/schema/schema.fbs`) into
 * plain values. The file may be damaged or hostile: every offset is checked and the work is bounded.
 *
 * Throws MusterError `tflite_invalid`, which names `source`.
 */
export function readTflite(bytes: Uint8Array, source: string): TfliteGraph {
  try {
    return readModel(readFlatbuffer(bytes, 'TFL3'));
  } catch (error) {
    if (!(error instanceof FlatbufferError)) throw error;
    throw new MusterError('tflite_invalid', `${source} is not a usable TFLite model: ${error.message}`, {
      remedy: 'The file is damaged or is none; fetch it again with `muster models build --force`.',
      cause: error,
    });
  }
}

function readModel(model: Table): TfliteGraph {
  const version = model.uint32(0, 0);
  if (version !== 3) throw new FlatbufferError(`its schema version is ${version} and not 3`);
  const codes = model.tables(1).map((code) => {
    // Field 0 is a byte and ran out of numbers; field 3 took over. The larger one counts.
    const number = Math.max(code.int8(0, 0), code.int32(3, 0));
    return number === custom ? `CUSTOM ${code.string(1)}` : operatorName(number);
  });
  const buffers = model.tables(4);
  const graphs = model.tables(2);
  const [graph] = graphs;
  if (!graph || graphs.length > 1) throw new FlatbufferError(`it has ${graphs.length} graphs and not one`);

  const tensors = graph.tables(0).map((tensor) => readTensor(tensor, buffers));
  const edges = (list: number[]): number[] => {
    if (list.length > mostEdges)
      throw new FlatbufferError(`an operator has ${list.length} inputs or outputs`);
    const stray = list.find((index) => index < -1 || index >= tensors.length);
    if (stray !== undefined) throw new FlatbufferError(`it names tensor ${stray} of ${tensors.length}`);
    return list;
  };
  const operators = graph.tables(3).map((operator) => {
    const code = codes[operator.uint32(0, 0)];
    if (code === undefined) throw new FlatbufferError('an operator has a code that is not in its list');
    return {
      code,
      inputs: edges(operator.int32s(1)),
      outputs: edges(operator.int32s(2)),
      options: readOptions(code, operator.table(4)),
    };
  });
  return { tensors, operators, inputs: edges(graph.int32s(1)), outputs: edges(graph.int32s(2)) };
}

function readTensor(tensor: Table, buffers: readonly Table[]): TfliteTensor {
  const name = tensor.string(3);
  const shape = tensor.int32s(0);
  if (shape.length > deepestRank || shape.some((side) => side < -1)) {
    throw new FlatbufferError(`tensor '${name}' has the shape [${shape.slice(0, 8).join(', ')}]`);
  }
  const type = tensorType(tensor.int8(1, 0));
  const buffer = buffers[tensor.uint32(2, 0)];
  if (!buffer) throw new FlatbufferError(`tensor '${name}' has no buffer`);
  const bytes = buffer.bytes(0);
  if (bytes.length === 0 || type === 'other') return { name, shape, type, data: undefined };
  const count = shape.reduce((product, side) => product * side, 1);
  if (bytes.length !== 4 * count) {
    throw new FlatbufferError(`tensor '${name}' has ${bytes.length} bytes for ${count} values`);
  }
  // A copy, as the file does not align its buffers to what a typed array needs.
  const copy = new Uint8Array(bytes).buffer;
  return { name, shape, type, data: type === 'float32' ? new Float32Array(copy) : new Int32Array(copy) };
}

function tensorType(number: number): TensorType {
  if (number === 0) return 'float32';
  return number === 2 ? 'int32' : 'other';
}

function readOptions(code: string, table: Table | undefined): TfliteOperator['options'] {
  const fields = Object.entries(optionTables[code] ?? {});
  return Object.fromEntries(
    fields.map(([name, [kind, field, standard]]) => {
      if (kind === 'int32s') return [name, table?.int32s(field) ?? []];
      return [name, table?.[kind](field, standard) ?? standard];
    }),
  );
}
