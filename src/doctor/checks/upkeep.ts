import { readUpkeepRecord, upkeepFile } from '../../upkeep/record.ts';
import { none, ok, warning, type Check } from '../contract.ts';

/** What came of the last run of each job, from the note that the station keeps. */
export const upkeep: Check = {
  name: 'upkeep',
  async run({ config }) {
    const record = await readUpkeepRecord(upkeepFile(config.data_dir));
    const runs = Object.entries(record?.jobs ?? {}).flatMap(([job, { last }]) =>
      last === null ? [] : [{ job, ...last }],
    );
    if (runs.length === 0) return none('no job of the upkeep has run yet');
    const failed = runs.filter((run) => !run.ok);
    if (failed.length === 0)
      return ok(
        `${runs.length} jobs ran, the last one at ${runs
          .map(({ at }) => at)
          .toSorted()
          .at(-1)}`,
      );
    return failed.map(({ job, at, message }) =>
      warning(
        `${job} failed at ${at}: ${message}`,
        `Mend that; it runs again at its next time, or at the command upkeep with {"run":"${job}"} (docs/remote.md).`,
      ),
    );
  },
};
