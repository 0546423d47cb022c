/**
 * Names of TFLite's built-in operators by their number, in the order of `enum BuiltinOperator` in TensorFlow's
 * `lite/schema/schema.fbs`. They make errors readable; which ones can be converted is decided in lower.ts.
 */
const names =
  `ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE EMBEDDING_LOOKUP
FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION LOGISTIC
LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF
TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER
BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM
ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE
EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR
ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE
RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND
COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL`.split(
    /\s+/,
  );

/** `CONV_2D` for 3, `BUILTIN_200` for a number without a name here. */
export function operatorName(code: number): string {
  return names[code] ?? `BUILTIN_${code}`;
}

/** How one field of an operator's options table is stored: its kind, its place in the table, its default. */
export type OptionField = readonly [
  kind: 'int8' | 'int32' | 'float32' | 'int32s',
  field: number,
  standard: number,
];

/** Values of an options table by field name. A list (`new_shape`) is a number array. */
export type OptionTable = Readonly<Record<string, OptionField>>;

const activation = (field: number): OptionField => ['int8', field, 0];
const window: OptionTable = { padding: ['int8', 0, 0], stride_w: ['int32', 1, 0], stride_h: ['int32', 2, 0] };

/** The options that the converter looks at, as `schema.fbs` numbers them. */
export const optionTables: Readonly<Record<string, OptionTable>> = {
  ADD: { activation: activation(0) },
  CONV_2D: {
    ...window,
    activation: activation(3),
    dilation_w: ['int32', 4, 1],
    dilation_h: ['int32', 5, 1],
  },
  DEPTHWISE_CONV_2D: {
    ...window,
    depth_multiplier: ['int32', 3, 0],
    activation: activation(4),
    dilation_w: ['int32', 5, 1],
    dilation_h: ['int32', 6, 1],
  },
  FULLY_CONNECTED: { activation: activation(0), weights_format: ['int8', 1, 0] },
  MAX_POOL_2D: {
    ...window,
    filter_w: ['int32', 3, 0],
    filter_h: ['int32', 4, 0],
    activation: activation(5),
  },
  DIV: { activation: activation(0) },
  MUL: { activation: activation(0) },
  RESHAPE: { new_shape: ['int32s', 0, 0] },
  SOFTMAX: { beta: ['float32', 0, 0] },
  SUB: { activation: activation(0) },
};
