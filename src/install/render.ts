import type { Places } from './places.ts';
import { stationUser } from './user.ts';

/** How the shipped units call the program; they are valid as they are. */
const shippedNode = '/usr/bin/node';
const shippedProgram = '/opt/muster';

/** The shipped unit with the paths of this machine. */
export function renderUnit(shipped: string, { node, program }: { node: string; program: string }): string {
  return shipped
    .replaceAll(shippedProgram, program)
    .replaceAll(`ExecStart=${shippedNode} `, `ExecStart=${node} `);
}

/** A station's first config: what differs between two stations, and where everything else is told. */
export function renderConfig(id: string, places: Places): string {
  return `# Settings of this station. Every field is described in ${places.program}/config/station.example.yaml.
# After a change: muster config check, then systemctl restart muster
station: ${id}
data_dir: ${places.state}

# A broker of the site; without it the station runs one of its own on 127.0.0.1:1883.
# The password belongs into the file ${places.credentials}/mqtt.password
# mqtt:
#   url: mqtts://broker.example:8883
#   username: ${id}
`;
}

export function renderBridgeConfig(places: Places): string {
  return `# Settings of the bridge. Every field is described in ${places.program}/config/station.example.yaml.
# After a change: systemctl restart muster-bridge
data_dir: ${places.state}
mqtt:
  url: mqtt://127.0.0.1:1883
# The token belongs into the file ${places.credentials}/influx.token
influx:
  url: http://127.0.0.1:8086
`;
}

/** `muster` in a shell: with the station's settings, and as its user, so that what it writes the station can read. */
export function renderShellCommand(
  { node, program }: { node: string; program: string },
  places: Places,
): string {
  return `#!/bin/sh
# Made by muster install. As root, muster works as the user of the station.
export MUSTER_CONFIG="\${MUSTER_CONFIG-${places.config}}"
export CREDENTIALS_DIRECTORY="\${CREDENTIALS_DIRECTORY-${places.credentials}}"
case \${1-} in install | uninstall) exec ${node} ${program}/bin/muster.js "$@" ;; esac
if [ "$(id -u)" = 0 ]; then exec runuser -u ${stationUser} -- ${node} ${program}/bin/muster.js "$@"; fi
exec ${node} ${program}/bin/muster.js "$@"
`;
}

/** A station's id of the machine's name: `[a-z0-9-]{1,32}`. */
export function stationId(hostname: string): string {
  const id = hostname
    .toLowerCase()
    .replace(/\..*$/, '')
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 32);
  const taken = ['', 'localhost', 'config', 'gallery', 'bridge'];
  return taken.includes(id) ? 'station-1' : id;
}
