import type { VisionInfo, VisionJob, VisionResult } from './contract.ts';
import type { PipelineOptions } from './pipeline.ts';

/** What the thread is started with. */
export interface WorkerData {
  /** null: it comes as the first message. */
  readonly pipeline: PipelineOptions | null;
  /** One element in shared memory; the thread sets it to 1 when it has come to its end. */
  readonly ended: Int32Array<SharedArrayBuffer>;
}

/** What a job wants of a photo. */
export type Look = Omit<VisionJob, 'photo'>;

/** To the worker. At most one job more than the one under way: its photo is decoded meanwhile. */
export type HostMessage =
  /** Load the models: for a thread that was started ahead of what it needs to know. */
  | { readonly type: 'start'; readonly pipeline: PipelineOptions }
  | { readonly type: 'job'; readonly photo: Uint8Array; readonly look: Look }
  /** End the thread, at the latest when the inference under way is done. */
  | { readonly type: 'stop' };

/** From the worker. */
export type WorkerMessage =
  /** The models are loaded; jobs may come. */
  | {
      readonly type: 'ready';
      readonly info: VisionInfo;
      /** Why the thread could not be kept on the cores that it was given; null where it could, or was given none. */
      readonly unpinned: string | null;
    }
  /**
   * The models could not be loaded for a reason a person can mend: the fields of a MusterError. The thread
   * ends.
   */
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly message: string;
      readonly remedy: string | undefined;
    }
  /** In the order of the jobs. */
  | { readonly type: 'result'; readonly result: VisionResult };
