import { join } from 'node:path';
import { none, ok, warning, failure, type Check } from '../contract.ts';

/** The files of the outbox. They belong to one process: they are looked at, not opened. */
export const store: Check = {
  name: 'store',
  async run({ config, host }) {
    const dir = join(config.data_dir, 'state');
    const names = await host.list(dir);
    const setAside = (await host.list(config.data_dir)).filter((name) =>
      /^(state|remote-settings\.json)\.damaged/.test(name),
    );
    if (setAside.length > 0) {
      return warning(
        `damaged files were set aside: ${setAside.join(', ')}`,
        `Look at the disk or the card (dmesg | grep -i error); then delete them: rm -r ${join(config.data_dir, setAside[0]!)}`,
      );
    }
    if (names.length === 0) return none(`there is no store in ${dir} yet: it is made at the first start`);
    if (!names.includes('CURRENT'))
      return failure(
        `the store ${dir} has lost its file CURRENT`,
        'The next start repairs it: sudo systemctl restart muster',
      );
    return ok(`${dir} is there`);
  },
};
