import { median } from '../lib/quantile.ts';
import type { VerifiedModel } from '../models/contract.ts';
import { writeOnnx, type OnnxGraph } from '../models/convert/onnx.ts';
import { sha256Of } from '../models/inspect.ts';
import { observe, withTaps, type Range, type Ranges } from '../models/quantise/ranges.ts';
import { createRuntime, type Network, type Runtime, type RuntimeOptions } from './runtime.ts';

/** A trial of another embedder in place of a pack's: what goes into the pack's, and the pipeline with the other one. */

type Open = (options: RuntimeOptions) => Runtime;

/** Makes a runtime that loads `variant` where it is asked for the model of that name. */
export function withModel(variant: VerifiedModel): Open {
  return (options) => {
    const runtime = createRuntime(options);
    return {
      ...runtime,
      load: (model, ...threads) => runtime.load(model.name === variant.name ? variant : model, ...threads),
    };
  };
}

/** Makes a runtime that hands what goes into the model of that name to `see`, as a copy. */
export function watched(name: string, see: (data: Float32Array, dims: readonly number[]) => void): Open {
  return (options) => {
    const runtime = createRuntime(options);
    const load: Runtime['load'] = async (model, ...threads): Promise<Network> => {
      const network = await runtime.load(model, ...threads);
      if (model.name !== name) return network;
      return {
        run(data, dims) {
          see(data.slice(), dims);
          return network.run(data, dims);
        },
      };
    };
    return { ...runtime, load };
  };
}

/** A graph as a model in memory. */
export function modelFrom(name: string, graph: OnnxGraph): VerifiedModel {
  const onnx = writeOnnx(graph);
  return { name, sha256: sha256Of(onnx), size: onnx.length, read: () => Promise.resolve(onnx) };
}

/** The ranges of a graph's tensors over inputs of the shape `dims`. */
export async function rangesOver(
  graph: OnnxGraph,
  inputs: readonly Float32Array[],
  dims: readonly number[],
  threads: number,
): Promise<Ranges> {
  const runtime = createRuntime({ threads, graphsDir: null });
  try {
    const network = await runtime.load(modelFrom(graph.name, withTaps(graph)));
    const ranges = new Map<string, Range>();
    for (const input of inputs) {
      observe(ranges, await network.run(input, dims));
      observe(ranges, { [graph.inputs[0]!.name]: { data: input } });
    }
    return ranges;
  } finally {
    await runtime.close();
  }
}

/** Rounds before the time is taken, and with it. */
const warmUp = 5;
const rounds = 40;

/** Median time of one run of each model on an input, ms, in turns. */
export async function race(
  models: readonly VerifiedModel[],
  input: Float32Array,
  dims: readonly number[],
  threads: number,
): Promise<readonly number[]> {
  const runtime = createRuntime({ threads, graphsDir: null });
  try {
    const runners = await Promise.all(
      models.map(async (model) => ({ network: await runtime.load(model), times: [] as number[] })),
    );
    for (let round = 0; round < warmUp + rounds; round += 1) {
      for (const { network, times } of runners) {
        const before = performance.now();
        await network.run(input, dims);
        if (round >= warmUp) times.push(performance.now() - before);
      }
    }
    return runners.map(({ times }) => median(times));
  } finally {
    await runtime.close();
  }
}
