import { failure, none, ok, warning, type Check } from '../contract.ts';

/** The unit of systemd, where there is one. */
export const service: Check = {
  name: 'service',
  async run({ host }) {
    const state = await host.run('systemctl', [
      'show',
      'muster.service',
      '--property=LoadState,ActiveState,UnitFileState,NRestarts',
    ]);
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(state ?? '')?.[1] ?? '';
    if (state === null || value('LoadState') === '') return none('there is no systemd here');
    if (value('LoadState') !== 'loaded')
      return none('muster.service is not installed (muster install does that)');
    const log = '`journalctl -u muster -n 50` tells why.';
    if (value('ActiveState') === 'failed')
      return failure('muster.service has failed', `${log} Then: sudo systemctl restart muster`);
    if (value('ActiveState') !== 'active')
      return warning(`muster.service is ${value('ActiveState')}`, 'sudo systemctl start muster');
    if (value('UnitFileState') !== 'enabled')
      return warning(
        'muster.service runs, and will not after the next start of the machine',
        'sudo systemctl enable muster',
      );
    const restarts = Number(value('NRestarts'));
    if (restarts > 0)
      return warning(`muster.service runs, and was started again ${restarts} times after it had failed`, log);
    return ok('muster.service is active, and starts with the machine');
  },
};
