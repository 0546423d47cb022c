import { checkDatabase } from '../../bridge/check.ts';
import { influxSettings } from '../../bridge/options.ts';
import { failure, none, ok, type Check } from '../contract.ts';

/** The database of the bridge, where one is set. */
export const database: Check = {
  name: 'database',
  async run({ config }) {
    if (config.influx.url === null) return none('influx.url is not set: this machine runs no bridge');
    const { bucket } = config.influx;
    const found = await checkDatabase({ ...(await influxSettings(config)), bucket });
    if (found.kind === 'ok')
      return ok(found.note === null ? `${found.server}, with ${bucket}` : `${found.server}: ${found.note}`);
    if (found.kind === 'misconfigured') return failure(found.reason, found.remedy);
    return failure(
      found.reason,
      'Check influx.url, and that the database runs: `curl -I <influx.url>/ping`.',
    );
  },
};
