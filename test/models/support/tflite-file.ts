import { Builder } from 'flatbuffers';
import { operatorName, optionTables, type OptionField } from '../../../src/models/convert/operators.ts';

export interface TensorSpec {
  readonly shape: readonly number[];
  readonly data?: Float32Array | Int32Array;
}

export interface OperatorSpec {
  readonly code: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** By the names of the converter's option tables; what is left out is left out of the file. */
  readonly options?: Readonly<Record<string, number | readonly number[]>>;
}

export interface TfliteSpec {
  readonly tensors: readonly TensorSpec[];
  readonly operators: readonly OperatorSpec[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly version?: number;
}

const operatorNames = Array.from({ length: 127 }, (_, number) => operatorName(number));

/** A TFLite file of a graph, by TensorFlow's `lite/schema/schema.fbs`. */
export function tfliteFile(spec: TfliteSpec): Uint8Array {
  const builder = new Builder(1024);
  const codes = [...new Set(spec.operators.map(({ code }) => code))];

  // Buffer 0 is the empty one of tensors without data.
  const buffers = [undefined, ...spec.tensors.map(({ data }) => data)].map((data) =>
    table(builder, [
      data && ['offset', bytesVector(builder, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))],
    ]),
  );
  const tensors = spec.tensors.map(({ shape, data }, i) =>
    table(builder, [
      ['offset', int32Vector(builder, shape)],
      ['int8', data instanceof Int32Array ? 2 : 0],
      ['int32', data ? i + 1 : 0],
      ['offset', builder.createString(`tensor ${i}`)],
    ]),
  );
  const operators = spec.operators.map(({ code, inputs, outputs, options }) =>
    table(builder, [
      ['int32', codes.indexOf(code)],
      ['offset', int32Vector(builder, inputs)],
      ['offset', int32Vector(builder, outputs)],
      ['int8', 1],
      options && ['offset', optionsTable(builder, optionTables[code] ?? {}, options)],
    ]),
  );
  const graph = table(builder, [
    ['offset', offsetVector(builder, tensors)],
    ['offset', int32Vector(builder, spec.inputs)],
    ['offset', int32Vector(builder, spec.outputs)],
    ['offset', offsetVector(builder, operators)],
  ]);
  const operatorCodes = codes.map((code) => table(builder, [['int8', operatorNames.indexOf(code)]]));
  const model = table(builder, [
    ['int32', spec.version ?? 3],
    ['offset', offsetVector(builder, operatorCodes)],
    ['offset', offsetVector(builder, [graph])],
    undefined,
    ['offset', offsetVector(builder, buffers)],
  ]);
  builder.finish(model, 'TFL3');
  return builder.asUint8Array();
}

type Field = readonly [kind: 'int8' | 'int32' | 'float32' | 'offset', value: number];

/** A table with these fields in the order of their numbers. */
function table(builder: Builder, fields: readonly (Field | undefined)[]): number {
  builder.startObject(fields.length);
  fields.forEach((field, i) => {
    if (!field) return;
    const [kind, value] = field;
    if (kind === 'int8') builder.addFieldInt8(i, value, NaN);
    else if (kind === 'int32') builder.addFieldInt32(i, value, NaN);
    else if (kind === 'float32') builder.addFieldFloat32(i, value, NaN);
    else builder.addFieldOffset(i, value, 0);
  });
  return builder.endObject();
}

function optionsTable(
  builder: Builder,
  layout: Readonly<Record<string, OptionField>>,
  options: Readonly<Record<string, number | readonly number[]>>,
): number {
  const fields: (Field | undefined)[] = Array.from({ length: 8 }, () => undefined);
  for (const [name, value] of Object.entries(options)) {
    const field = layout[name];
    if (!field) throw new RangeError(`there is no option ${name}`);
    const [kind, place] = field;
    if (typeof value !== 'number') fields[place] = ['offset', int32Vector(builder, value)];
    else if (kind !== 'int32s') fields[place] = [kind, value];
  }
  return table(builder, fields);
}

function int32Vector(builder: Builder, values: readonly number[]): number {
  builder.startVector(4, values.length, 4);
  for (const value of values.toReversed()) builder.addInt32(value);
  return builder.endVector();
}

function offsetVector(builder: Builder, values: readonly number[]): number {
  builder.startVector(4, values.length, 4);
  for (const value of values.toReversed()) builder.addOffset(value);
  return builder.endVector();
}

function bytesVector(builder: Builder, bytes: Uint8Array): number {
  builder.startVector(1, bytes.length, 4);
  for (const value of bytes.toReversed()) builder.addInt8(value);
  return builder.endVector();
}
