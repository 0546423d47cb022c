import type { Clock } from '../lib/clock.ts';
import { MusterError } from '../lib/errors.ts';
import { median } from '../lib/quantile.ts';
import { round } from '../lib/round.ts';
import type { Vision } from './contract.ts';
import { chooseThreads, type Measured } from './threads.ts';
import { createVision, type VisionOptions } from './vision.ts';

export interface TuneOptions {
  /** How photos are looked at; `threads` is what is tried. */
  readonly vision: Omit<VisionOptions, 'threads'>;
  /** The numbers of threads to try, without repeats. */
  readonly candidates: readonly number[];
  /** A photo with a face in it, so that every net has work. */
  readonly photo: Uint8Array;
  /** Turns of each candidate, with five photos measured in each. */
  readonly rounds: number;
  readonly clock: Clock;
  /** Ends the work between two photos. */
  readonly signal: AbortSignal;
  /** After each round. */
  readonly progress: (round: number) => void;
}

export interface Tuned {
  /** The choice. */
  readonly threads: number;
  readonly fingerprint: string;
  /** In the order of the candidates. */
  readonly measured: readonly Measured[];
}

/** One number of threads with what was measured of it. */
interface Candidate {
  readonly threads: number;
  readonly ms: number[];
  readonly cpuS: number[];
}

/** The first photos pay for memory that is touched for the first time. */
const warmUps = 2;
/** So many more are measured at each turn. */
export const photosPerTurn = 5;

/**
 * Measures how fast photos are analysed with each number of threads, and chooses.
 *
 * In each round every candidate has its turn, with a fresh vision worker, and each round begins with the next candidate, so that other
 * work on the machine and its getting warm hit all alike. One worker at a time: each takes about 100 MB, and small boards have 512.
 *
 * Rejects with a MusterError: that of `Vision.start`, or `tune_failed` when the photo could not be analysed; with the signal's reason
 * when it aborts.
 */
export async function tune(options: TuneOptions): Promise<Tuned> {
  const { candidates, clock, rounds, signal, progress } = options;
  const all = candidates.map((threads): Candidate => ({ threads, ms: [], cpuS: [] }));
  let fingerprint = '';
  for (let n = 0; n < rounds; n += 1) {
    const first = n % all.length;
    for (const candidate of [...all.slice(first), ...all.slice(0, first)]) await turn(candidate);
    progress(n + 1);
  }
  const measured = all.map(summary);
  return { threads: chooseThreads(measured), fingerprint, measured };

  async function turn({ threads, ms, cpuS }: Candidate): Promise<void> {
    signal.throwIfAborted();
    const vision = createVision({ ...options.vision, threads });
    try {
      ({ fingerprint } = await vision.start());
      for (let i = 0; i < warmUps; i += 1) await look(vision);
      for (let i = 0; i < photosPerTurn; i += 1) {
        const cpu = process.cpuUsage();
        const started = clock.monotonic();
        await look(vision);
        ms.push(clock.monotonic() - started);
        const { user, system } = process.cpuUsage(cpu);
        cpuS.push((user + system) / 1e6);
      }
    } finally {
      await vision.close();
    }
  }

  async function look(vision: Vision): Promise<void> {
    signal.throwIfAborted();
    // Its memory is taken over, so each analysis has a copy.
    const result = await vision.analyse({ photo: new Uint8Array(options.photo) });
    if (!result.ok) throw unmeasurable(result.message);
    if (result.faces.length === 0) throw unmeasurable('the drawn face was not found in it');
  }
}

function unmeasurable(reason: string): MusterError {
  return new MusterError('tune_failed', `the test photo could not be measured: ${reason}`, {
    remedy:
      'See `muster detect` on a photo of your own; vision.detector, vision.min_face_px and vision.timeout_s count here too.',
  });
}

function summary({ threads, ms, cpuS }: Candidate): Measured {
  const medianMs = median(ms);
  return {
    threads,
    median_ms: round(medianMs, 2),
    captures_per_s: round(1000 / medianMs, 2),
    cpu_s_per_capture: round(median(cpuS), 4),
  };
}
