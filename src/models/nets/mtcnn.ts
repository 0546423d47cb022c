import { weightsChannelsFirst } from '../convert/layout.ts';
import type { OnnxGraph } from '../convert/onnx.ts';
import type { Tensor } from '../torch/contract.ts';
import { createNetBuilder, type NetBuilder, type NetPlan, type Value } from './builder.ts';

/**
 * The three nets of MTCNN as facenet-pytorch has them (`models/mtcnn.py`; Zhang et al. 2016). Pools round up; R-Net and
 * O-Net flatten width before height before channels, which is turned in the weights.
 */
export function pnet(plan: NetPlan, tensors: ReadonlyMap<string, Tensor>): OnnxGraph {
  const net = createNetBuilder(plan, tensors);
  const first = net.maxPool(step(net, net.input, '1'), 2, 2, true);
  const x = step(net, step(net, first, '2'), '3');
  return net.finish([net.softmax(net.conv(x, 'conv4_1')), net.conv(x, 'conv4_2')]);
}

export function rnet(plan: NetPlan, tensors: ReadonlyMap<string, Tensor>): OnnxGraph {
  const net = createNetBuilder(plan, tensors);
  const pooled = [1, 2].reduce((x, i) => net.maxPool(step(net, x, String(i)), 3, 2, true), net.input);
  const x = flattened(net, step(net, pooled, '3'), 3, '4');
  return net.finish([net.softmax(net.dense(x, 'dense5_1')), net.dense(x, 'dense5_2')]);
}

export function onet(plan: NetPlan, tensors: ReadonlyMap<string, Tensor>): OnnxGraph {
  const net = createNetBuilder(plan, tensors);
  const pooled = [1, 2].reduce((x, i) => net.maxPool(step(net, x, String(i)), 3, 2, true), net.input);
  const third = net.maxPool(step(net, pooled, '3'), 2, 2, true);
  const x = flattened(net, step(net, third, '4'), 3, '5');
  return net.finish([
    net.softmax(net.dense(x, 'dense6_1')),
    net.dense(x, 'dense6_2'),
    net.dense(x, 'dense6_3'),
  ]);
}

function step(net: NetBuilder, x: Value, number: string): Value {
  return net.prelu(net.conv(x, `conv${number}`), `prelu${number}`);
}

/** The image of `side`×`side` through the dense layer that follows the convolutions. */
function flattened(net: NetBuilder, x: Value, side: number, number: string): Value {
  const order = ({ shape, data }: Tensor): Tensor => ({
    shape,
    data: weightsChannelsFirst(data, [shape[0]!, side, side, x.channels], 'transposed'),
  });
  const flat = net.flatten(x, x.channels * side * side);
  return net.prelu(net.dense(flat, `dense${number}`, { order }), `prelu${number}`);
}
