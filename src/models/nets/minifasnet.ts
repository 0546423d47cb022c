import type { OnnxGraph } from '../convert/onnx.ts';
import type { Tensor } from '../torch/contract.ts';
import { createNetBuilder, type ConvOptions, type NetBuilder, type NetPlan, type Value } from './builder.ts';

/** Blocks of each stage; a step of stride 2 lies between two stages. */
const stages = [
  { name: 'conv_3', blocks: 4, next: 'conv_34' },
  { name: 'conv_4', blocks: 6, next: 'conv_45' },
  { name: 'conv_5', blocks: 2, next: null },
] as const;

/**
 * MiniFASNet of Silent-Face-Anti-Spoofing (`src/model_lib/MiniFASNet.py`), V2 and V1SE alike: how wide the layers are, and which blocks
 * weigh their channels (squeeze and excitation), is in the weights. Gives the probability of each class.
 */
export function miniFasNet(plan: NetPlan, tensors: ReadonlyMap<string, Tensor>): OnnxGraph {
  const net = createNetBuilder(plan, withoutPrefix(tensors));
  let x = convBlock(net, net.input, 'conv1', { stride: 2, pad: 1 });
  x = convBlock(net, x, 'conv2_dw', { pad: 1 });
  x = depthWise(net, x, 'conv_23', 2);
  for (const { name, blocks, next } of stages) {
    for (let i = 0; i < blocks; i++)
      x = net.add(
        x,
        weighed(net, depthWise(net, x, `${name}.model.${i}`, 1), `${name}.model.${i}.se_module`),
      );
    if (next !== null) x = depthWise(net, x, next, 2);
  }
  x = convBlock(net, x, 'conv_6_sep');
  x = linearBlock(net, x, 'conv_6_dw');
  x = net.dense(net.flatten(x, x.channels), 'linear', { norm: 'bn' });
  return net.finish([net.softmax(net.dense(x, 'prob'))]);
}

/** The published files were saved from torch's DataParallel, which puts `module.` before each name. */
function withoutPrefix(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  return new Map([...tensors].map(([name, tensor]) => [name.replace(/^module\./, ''), tensor]));
}

function linearBlock(net: NetBuilder, x: Value, name: string, options: ConvOptions = {}): Value {
  return net.conv(x, `${name}.conv`, { ...options, norm: `${name}.bn` });
}

function convBlock(net: NetBuilder, x: Value, name: string, options: ConvOptions = {}): Value {
  return net.prelu(linearBlock(net, x, name, options), `${name}.prelu`);
}

function depthWise(net: NetBuilder, x: Value, name: string, stride: number): Value {
  const wide = convBlock(net, x, `${name}.conv`);
  return linearBlock(net, convBlock(net, wide, `${name}.conv_dw`, { stride, pad: 1 }), `${name}.project`);
}

/** Each channel times a factor from its mean, where the weights have one (Hu et al. 2018). */
function weighed(net: NetBuilder, x: Value, name: string): Value {
  if (!net.has(`${name}.fc1.weight`)) return x;
  const squeezed = net.relu(net.conv(net.globalAverage(x), `${name}.fc1`, { norm: `${name}.bn1` }));
  return net.mul(x, net.sigmoid(net.conv(squeezed, `${name}.fc2`, { norm: `${name}.bn2` })));
}
