import { planThreads } from '../../board/plan.ts';
import { readCores } from '../../board/topology.ts';
import { minFacePx } from '../../config/derived.ts';
import type { Config } from '../../config/schema.ts';
import { isoTime } from '../../lib/clock.ts';
import { MusterError } from '../../lib/errors.ts';
import { visionOptions } from '../../vision/options.ts';
import { candidateThreads, thisMachine } from '../../vision/threads.ts';
import { tuningFile, writeTuning, type Tuning } from '../../vision/tune-file.ts';
import { tune, type TuneOptions } from '../../vision/tune.ts';
import { testScene } from '../../selftest/test-face.ts';

export type TuneHereOptions = Omit<TuneOptions, 'vision' | 'candidates' | 'photo'> &
  Pick<TuneOptions['vision'], 'log'>;

/**
 * Measures on this machine with the config's own way of looking at photos, and writes what was found to data_dir.
 *
 * Rejects like `tune` and `writeTuning`, and with MusterError `tune_impossible` where no test photo can be drawn.
 */
export async function tuneHere(
  config: Pick<Config, 'vision' | 'data_dir'>,
  { log, ...options }: TuneHereOptions,
): Promise<Tuning> {
  const { clock, rounds } = options;
  const photo = await testScene(minFacePx(config.vision));
  if (photo === null) {
    throw new MusterError(
      'tune_impossible',
      `with faces from ${minFacePx(config.vision)} px on the test photo would have to be too large`,
      { remedy: 'Lower vision.min_face_px, or set vision.threads by hand.' },
    );
  }
  const { cpu, cores } = thisMachine();
  const { cpus } = planThreads(await readCores());
  const vision = { ...visionOptions(config), log, clock };
  // Where cores are unlike, only the fast ones are worth a thread.
  const candidates = candidateThreads(cpus?.length ?? cores);
  const found = await tune({ ...options, vision, candidates, photo });
  const tuning: Tuning = {
    schema: 'tuning/1',
    threads: found.threads,
    cpu,
    cores,
    fingerprint: found.fingerprint,
    measured_at: isoTime(clock.now()),
    rounds,
    measured: [...found.measured],
  };
  await writeTuning(tuningFile(config.data_dir), tuning);
  return tuning;
}
