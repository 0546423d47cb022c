import type { OnnxGraph } from '../convert/onnx.ts';
import type { Tensor } from '../torch/contract.ts';
import { createNetBuilder, type ConvOptions, type NetBuilder, type NetPlan, type Value } from './builder.ts';

/** Of every batch norm of this net. */
const epsilon = 0.001;

/**
 * InceptionResnetV1 as facenet-pytorch has it (`models/inception_resnet_v1.py`; Szegedy et al. 2016), up to the embedding: the head that
 * tells the training's people apart is left out, and so is making the length 1. Batch norms and the blocks' scales are folded into the weights.
 */
export function inceptionResnetV1(plan: NetPlan, tensors: ReadonlyMap<string, Tensor>): OnnxGraph {
  const net = createNetBuilder(plan, tensors, { epsilon });
  let x = basic(net, net.input, 'conv2d_1a', { stride: 2 });
  x = basic(net, x, 'conv2d_2a');
  x = basic(net, x, 'conv2d_2b', { pad: 1 });
  x = net.maxPool(x, 3, 2);
  x = basic(net, x, 'conv2d_3b');
  x = basic(net, x, 'conv2d_4a');
  x = basic(net, x, 'conv2d_4b', { stride: 2 });
  for (let i = 0; i < 5; i++) x = net.relu(block35(net, x, `repeat_1.${i}`));
  x = mixed6a(net, x);
  for (let i = 0; i < 10; i++) x = net.relu(block17(net, x, `repeat_2.${i}`));
  x = mixed7a(net, x);
  for (let i = 0; i < 5; i++) x = net.relu(block8(net, x, `repeat_3.${i}`, 0.2));
  x = block8(net, x, 'block8', 1);
  x = net.flatten(net.globalAverage(x), x.channels);
  return net.finish([net.dense(x, 'last_linear', { norm: 'last_bn' })]);
}

/** `BasicConv2d`: convolution, batch norm, ReLU. */
function basic(net: NetBuilder, x: Value, name: string, options: ConvOptions = {}): Value {
  return net.relu(net.conv(x, `${name}.conv`, { ...options, norm: `${name}.bn` }));
}

/** One `BasicConv2d` after the other, `branch.0`, `branch.1`, … */
function branch(net: NetBuilder, x: Value, name: string, steps: readonly ConvOptions[]): Value {
  return steps.reduce((value, options, i) => basic(net, value, `${name}.${i}`, options), x);
}

/** The branches side by side, back to as many channels, scaled, and `x` added. */
function residual(net: NetBuilder, x: Value, name: string, branches: readonly Value[], scale: number): Value {
  return net.add(net.conv(net.concat(branches), `${name}.conv2d`, { times: scale }), x);
}

function block35(net: NetBuilder, x: Value, name: string): Value {
  const branches = [
    basic(net, x, `${name}.branch0`),
    branch(net, x, `${name}.branch1`, [{}, { pad: 1 }]),
    branch(net, x, `${name}.branch2`, [{}, { pad: 1 }, { pad: 1 }]),
  ];
  return residual(net, x, name, branches, 0.17);
}

function block17(net: NetBuilder, x: Value, name: string): Value {
  const branches = [
    basic(net, x, `${name}.branch0`),
    branch(net, x, `${name}.branch1`, [{}, { pad: [0, 3] }, { pad: [3, 0] }]),
  ];
  return residual(net, x, name, branches, 0.1);
}

function block8(net: NetBuilder, x: Value, name: string, scale: number): Value {
  const branches = [
    basic(net, x, `${name}.branch0`),
    branch(net, x, `${name}.branch1`, [{}, { pad: [0, 1] }, { pad: [1, 0] }]),
  ];
  return residual(net, x, name, branches, scale);
}

function mixed6a(net: NetBuilder, x: Value): Value {
  return net.concat([
    basic(net, x, 'mixed_6a.branch0', { stride: 2 }),
    branch(net, x, 'mixed_6a.branch1', [{}, { pad: 1 }, { stride: 2 }]),
    net.maxPool(x, 3, 2),
  ]);
}

function mixed7a(net: NetBuilder, x: Value): Value {
  return net.concat([
    branch(net, x, 'mixed_7a.branch0', [{}, { stride: 2 }]),
    branch(net, x, 'mixed_7a.branch1', [{}, { stride: 2 }]),
    branch(net, x, 'mixed_7a.branch2', [{}, { pad: 1 }, { stride: 2 }]),
    net.maxPool(x, 3, 2),
  ]);
}
