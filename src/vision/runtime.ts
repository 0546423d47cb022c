import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import type { VerifiedModel } from '../models/contract.ts';
import { suitedTo } from '../models/suited.ts';
import { createGraphCache, noGraphs } from './graphs.ts';
import { forbidReports } from './no-reports.ts';

/** Float32 values with their shape. */
export interface Values {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

/** A loaded network with one input. */
export interface Network {
  /** Runs the network and returns its outputs by name. Blocks the calling thread while it computes. */
  run(data: Float32Array, dims: readonly number[]): Promise<Readonly<Record<string, Values>>>;
}

/** The one door to ONNX Runtime: its sessions, and the time that is spent in them. */
export interface Runtime {
  /** Makes a session of a model, with `threads` of its own or those of the runtime. Rejects when ONNX Runtime cannot take it. */
  load(model: VerifiedModel, threads?: number): Promise<Network>;
  /** Time spent inside ONNX Runtime's `run` since the runtime was made, ms. */
  inferenceMs(): number;
  /** Frees every session. */
  close(): Promise<void>;
}

export interface RuntimeOptions {
  /** Cores that one inference may use where nothing else is said. */
  readonly threads: number;
  /** Where graphs that were optimised for this machine are kept; null: nowhere. */
  readonly graphsDir: string | null;
}

/** How long a thread without work stays awake inside of an inference, µs: longer than a small layer takes on one core. */
const spinUs = '500';

/** Of the graphs that are given to ONNX Runtime: another one when `suitedTo` gives others, so that none is kept that was made before. */
const form = 'prelu-sum/1 ort';

/**
 * Creates the runtime on the CPU provider.
 *
 * `threads` is the number of cores one inference may use. Its threads wait for the next layer awake, as falling asleep and
 * waking take as long as a layer does (MobileFaceNet on two cores: 11.7 ms, and 14.3 ms without), but only for a moment, and not
 * beyond the end of an inference: an idle station's cores sleep. The memory
 * pattern is off because the pyramid gives P-Net another shape on every level and every photo size, and each
 * shape would keep a plan of its own for ever.
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  forbidReports();
  const { graphsDir } = options;
  const graphs =
    graphsDir === null
      ? noGraphs
      : createGraphCache(graphsDir, `${env.versions.node ?? env.versions.common} ${form}`);
  const sessions: InferenceSession[] = [];
  let inferenceMs = 0;

  async function sessionOf(model: VerifiedModel, intraOpNumThreads: number): Promise<InferenceSession> {
    const own = { ...shared, intraOpNumThreads };
    const graph = await graphs.find(model);
    if (graph !== null) {
      try {
        return await InferenceSession.create(graph, {
          ...own,
          // What has been optimised is taken as it is: looking for more to do is most of a start.
          graphOptimizationLevel: 'disabled',
          // One copy less. The weights themselves are copied, since where they lie in the file makes computing with them 2 to 4 % slower.
          extra: { session: { ...ownOptions, use_ort_model_bytes_directly: '1' } },
        });
      } catch {
        // On a full disk ONNX Runtime writes a part, or nothing, and does not say so.
        await graphs.drop(model);
      }
    }
    const onnx = await suitedTo(process.arch, model.name, await model.read());
    return graphs.keep(model, (file) =>
      InferenceSession.create(onnx, {
        ...own,
        graphOptimizationLevel: 'all',
        ...(file !== null && {
          optimizedModelFilePath: file,
          extra: { session: { ...ownOptions, save_model_format: 'ORT' } },
        }),
      }),
    );
  }

  const ownOptions = {
    intra_op: { allow_spinning: '1', spin_duration_us: spinUs },
    force_spinning_stop: '1',
  };
  const shared: InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableMemPattern: false,
    // Errors only: that a graph kept here suits this machine alone is known.
    logSeverityLevel: 3,
    extra: { session: ownOptions },
  };

  return {
    async load(model, threads = options.threads) {
      const session = await sessionOf(model, threads);
      sessions.push(session);
      const [input] = session.inputNames;
      if (input === undefined) throw new Error('The network has no input.');
      return {
        async run(data, dims) {
          const tensor = new Tensor('float32', data, dims);
          const started = performance.now();
          const outputs = await session.run({ [input]: tensor });
          inferenceMs += performance.now() - started;
          return outputs as unknown as Record<string, Values>;
        },
      };
    },
    inferenceMs: () => inferenceMs,
    async close() {
      await Promise.all(sessions.splice(0).map((session) => session.release()));
    },
  };
}
