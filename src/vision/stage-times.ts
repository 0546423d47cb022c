/** Where the time of a photo goes, ms for each stage. A stage may take its time in several pieces. */
export interface StageTimes<Stage extends string> {
  /** The time since the last `lap` (at first since the making) was this stage's. */
  lap(stage: Stage): void;
  readonly ms: Readonly<Record<Stage, number>>;
}

export function measureStages<Stage extends string>(stages: readonly Stage[]): StageTimes<Stage> {
  const ms = Object.fromEntries(stages.map((stage) => [stage, 0])) as Record<Stage, number>;
  let before = performance.now();
  return {
    ms,
    lap(stage) {
      const now = performance.now();
      ms[stage] += now - before;
      before = now;
    },
  };
}
