import type { OnnxGraph } from '../convert/onnx.ts';
import type { Tensor } from '../torch/contract.ts';
import type { NetPlan } from './builder.ts';
import { inceptionResnetV1 } from './inception-resnet-v1.ts';
import { miniFasNet } from './minifasnet.ts';
import { onet, pnet, rnet } from './mtcnn.ts';

/** Makes the graph of a net from its state dict. Throws MusterError `weights_unfit` for weights of another net. */
export type Architecture = (plan: NetPlan, tensors: ReadonlyMap<string, Tensor>) => OnnxGraph;

export const architectureNames = ['pnet', 'rnet', 'onet', 'inception-resnet-v1', 'minifasnet'] as const;

/** The nets whose weights are published as PyTorch's state dicts, which hold no graph: it is written here. */
export const architectures: Readonly<Record<(typeof architectureNames)[number], Architecture>> = {
  pnet,
  rnet,
  onet,
  'inception-resnet-v1': inceptionResnetV1,
  minifasnet: miniFasNet,
};
