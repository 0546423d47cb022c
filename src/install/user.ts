import { readFile } from 'node:fs/promises';
import { MusterError } from '../lib/errors.ts';
import { runProgram } from './commands.ts';
import type { Step } from './contract.ts';
import type { Owner } from './files.ts';
import type { Places } from './places.ts';

export const stationUser = 'muster';

/** The system user of the station, made of its sysusers.d file; also on a system that is not running. */
export function userStep(places: Places): Step {
  return {
    what: `user ${stationUser}`,
    needed: async () => ((await findUser(places)) === null ? 'make' : null),
    async apply() {
      const root = places.root === '/' ? [] : [`--root=${places.root}`];
      await runProgram(
        'systemd-sysusers',
        [...root, places.at(places.sysusers)],
        'Install the Debian package systemd, which has it.',
      );
    },
  };
}

export function noUserStep(places: Places): Step {
  return {
    what: `user ${stationUser}`,
    needed: async () => ((await findUser(places)) === null ? null : 'remove'),
    async apply() {
      const root = places.root === '/' ? [] : ['--prefix', places.root];
      await runProgram('userdel', [...root, stationUser], 'Install the Debian package passwd, which has it.');
    },
  };
}

/** As the system that is set up numbers it. */
export async function stationOwner(places: Places): Promise<Owner> {
  const owner = await findUser(places);
  if (owner !== null) return owner;
  throw new MusterError('install_user', `the user ${stationUser} was not made`, {
    remedy: `Make it by hand: useradd --system --home-dir /var/lib/muster ${stationUser}`,
  });
}

async function findUser(places: Places): Promise<Owner | null> {
  const passwd = await readFile(places.at('/etc/passwd'), 'utf8').catch(() => '');
  const line = passwd.split('\n').find((each) => each.startsWith(`${stationUser}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}
