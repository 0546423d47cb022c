import { join } from 'node:path';
import type { ServiceName } from './contract.ts';

/** Where everything goes. The paths of units and scripts are those that the installed system has, without `root`. */
export interface Places {
  /** `/`, or the folder of a system that is not running: a mounted card, an image. */
  readonly root: string;
  readonly program: string;
  readonly config: string;
  readonly credentials: string;
  readonly state: string;
  readonly unit: string;
  /** The link that makes systemd start the unit with the machine. */
  readonly wanted: string;
  readonly sysusers: string;
  readonly shellCommand: string;
  /** A path of the system as this process sees it. */
  at(path: string): string;
}

export const units = '/etc/systemd/system';
export const configFolder = '/etc/muster';

export function placesOf(service: ServiceName, root: string): Places {
  const bridge = service === 'muster-bridge';
  return {
    root,
    program: '/opt/muster',
    config: `${configFolder}/${bridge ? 'bridge' : 'station'}.yaml`,
    credentials: `${configFolder}/${bridge ? 'bridge-credentials' : 'credentials'}`,
    state: `/var/lib/${service}`,
    unit: `${units}/${service}.service`,
    wanted: `${units}/multi-user.target.wants/${service}.service`,
    sysusers: '/etc/sysusers.d/muster.conf',
    shellCommand: '/usr/local/bin/muster',
    at: (path) => join(root, path),
  };
}
