import { MusterError } from '../../lib/errors.ts';
import {
  attributeTypes,
  dataTypes,
  modelType,
  type OnnxGraph,
  type OnnxNode,
  type OnnxValue,
} from './onnx.ts';

/** What is decoded of an ONNX file: the fields that `writeOnnx` writes. */
interface Decoded {
  readonly graph: {
    readonly name: string;
    readonly node: readonly {
      readonly input: readonly string[];
      readonly output: readonly string[];
      readonly name: string;
      readonly op_type: string;
      readonly attribute: readonly {
        readonly name: string;
        readonly type: number;
        readonly i: number;
        readonly s: Uint8Array;
        readonly ints: readonly number[];
      }[];
    }[];
    readonly initializer: readonly {
      readonly dims: readonly number[];
      readonly data_type: number;
      readonly name: string;
      readonly raw_data: Uint8Array;
    }[];
    readonly input: readonly DecodedValue[];
    readonly output: readonly DecodedValue[];
  };
}

interface DecodedValue {
  readonly name: string;
  readonly type: {
    readonly tensor_type: {
      readonly shape: { readonly dim: readonly { readonly dim_value: number; readonly dim_param: string }[] };
    };
  };
}

/** Reads an ONNX file that `writeOnnx` has written of float32 constants. Throws MusterError `onnx_unsupported` for another one. */
export function readOnnx(bytes: Uint8Array, name: string): OnnxGraph {
  try {
    const { graph } = modelType.toObject(modelType.decode(bytes), {
      longs: Number,
      arrays: true,
      defaults: true,
    }) as Decoded;
    return {
      name: graph.name,
      nodes: graph.node.map((node) => ({
        op: node.op_type,
        name: node.name,
        inputs: node.input,
        outputs: node.output,
        attributes: Object.fromEntries(node.attribute.map((each) => [each.name, valueOf(each)])),
      })),
      constants: graph.initializer.map(({ dims, data_type, name: constant, raw_data }) => {
        if (data_type !== dataTypes.float32) throw new Error(`the constant ${constant} is not float32`);
        return { name: constant, dims, data: new Float32Array(new Uint8Array(raw_data).buffer) };
      }),
      inputs: graph.input.map(toValue),
      outputs: graph.output.map(toValue),
    };
  } catch (error) {
    throw new MusterError(
      'onnx_unsupported',
      `The model ${name} cannot be read as one that Muster has made.`,
      {
        remedy: 'Only models that `muster models build` and `muster models add` make can be quantised.',
        cause: error,
      },
    );
  }
}

type Attribute = Decoded['graph']['node'][number]['attribute'][number];

function valueOf({ name, type, i, s, ints }: Attribute): OnnxNode['attributes'][string] {
  if (type === attributeTypes.int) return i;
  if (type === attributeTypes.string) return Buffer.from(s).toString();
  if (type === attributeTypes.ints) return ints;
  throw new Error(`the attribute ${name} is of type ${type}`);
}

function toValue({ name, type }: DecodedValue): OnnxValue {
  const { dim } = type.tensor_type.shape;
  return {
    name,
    dims: dim.map(({ dim_value, dim_param }) => (dim_param === '' ? dim_value : dim_param)),
  };
}
