import { Root, type INamespace } from 'protobufjs';

/** A fixed number, or the name of a dimension that is free. */
export type Dimension = number | string;

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** A constant of whole numbers. */
export interface CodedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Int8Array | Uint8Array | Int32Array;
}

export interface OnnxNode {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whole numbers, lists of whole numbers and texts, which are all that our nodes need. */
  readonly attributes: Readonly<Record<string, number | readonly number[] | string>>;
}

/** A float32 tensor that goes in or comes out. */
export interface OnnxValue {
  readonly name: string;
  readonly dims: readonly Dimension[];
}

export interface OnnxGraph {
  readonly name: string;
  /** In an order in which they can be computed. */
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  /** Of a quantised net only. */
  readonly coded?: readonly CodedTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** ONNX 1.12: the oldest pair that has all we use in its present form, and so the one most runtimes take. */
const irVersion = 8;
const opset = 17;

/** ONNX's numbers of the types of values. */
export const dataTypes = { float32: 1, uint8: 2, int8: 3, int32: 6 };
export const attributeTypes = { int: 2, string: 3, ints: 7 };

const field = (type: string, id: number) => ({ type, id });
const repeated = (type: string, id: number) => ({ rule: 'repeated', type, id });

/** The part of `onnx/onnx.proto` that is written here, with its numbers. */
const schema: INamespace = {
  nested: {
    Model: {
      fields: {
        ir_version: field('int64', 1),
        producer_name: field('string', 2),
        graph: field('Graph', 7),
        opset_import: repeated('OperatorSet', 8),
      },
    },
    OperatorSet: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    Graph: {
      fields: {
        node: repeated('Node', 1),
        name: field('string', 2),
        initializer: repeated('Tensor', 5),
        input: repeated('ValueInfo', 11),
        output: repeated('ValueInfo', 12),
      },
    },
    Node: {
      fields: {
        input: repeated('string', 1),
        output: repeated('string', 2),
        name: field('string', 3),
        op_type: field('string', 4),
        attribute: repeated('Attribute', 5),
      },
    },
    Attribute: {
      fields: {
        name: field('string', 1),
        i: field('int64', 3),
        s: field('bytes', 4),
        ints: repeated('int64', 8),
        type: field('int32', 20),
      },
    },
    Tensor: {
      fields: {
        dims: repeated('int64', 1),
        data_type: field('int32', 2),
        name: field('string', 8),
        raw_data: field('bytes', 9),
      },
    },
    ValueInfo: { fields: { name: field('string', 1), type: field('Type', 2) } },
    Type: { fields: { tensor_type: field('TensorType', 1) } },
    TensorType: { fields: { elem_type: field('int32', 1), shape: field('Shape', 2) } },
    Shape: { fields: { dim: repeated('Dim', 1) } },
    Dim: { fields: { dim_value: field('int64', 1), dim_param: field('string', 2) } },
  },
};

export const modelType = Root.fromJSON(schema).lookupType('Model');

/**
 * Writes a graph as an ONNX file. The same graph always gives the same bytes: nothing of the time, the machine or
 * the version goes in, and fields are written in the order of their numbers.
 */
export function writeOnnx(graph: OnnxGraph): Uint8Array {
  return modelType
    .encode({
      ir_version: irVersion,
      producer_name: 'muster',
      opset_import: [{ domain: '', version: opset }],
      graph: {
        name: graph.name,
        node: graph.nodes.map(({ op, name, inputs, outputs, attributes }) => ({
          input: inputs,
          output: outputs,
          name,
          op_type: op,
          attribute: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
        })),
        initializer: [...graph.constants, ...(graph.coded ?? [])].map(({ name, dims, data }) => ({
          dims,
          data_type: typeOf(data),
          name,
          raw_data: littleEndian(data),
        })),
        input: graph.inputs.map(valueInfo),
        output: graph.outputs.map(valueInfo),
      },
    })
    .finish();
}

function attribute(name: string, value: number | readonly number[] | string): object {
  if (typeof value === 'number') return { name, i: value, type: attributeTypes.int };
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: attributeTypes.string };
  return { name, ints: value, type: attributeTypes.ints };
}

function valueInfo({ name, dims }: OnnxValue): object {
  const dim = dims.map((side) => (typeof side === 'number' ? { dim_value: side } : { dim_param: side }));
  return { name, type: { tensor_type: { elem_type: dataTypes.float32, shape: { dim } } } };
}

function typeOf(data: OnnxTensor['data'] | CodedTensor['data']): number {
  if (data instanceof Float32Array) return dataTypes.float32;
  if (data instanceof Uint8Array) return dataTypes.uint8;
  return data instanceof Int8Array ? dataTypes.int8 : dataTypes.int32;
}

/** The bytes of the values as ONNX wants them. Every processor that Node runs on in a station is little-endian. */
function littleEndian(data: OnnxTensor['data'] | CodedTensor['data']): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
