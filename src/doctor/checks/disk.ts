import { dirname, resolve } from 'node:path';
import { captureFolders } from '../../config/derived.ts';
import { failure, none, ok, warning, type Check, type CheckContext, type Finding } from '../contract.ts';

/** Room, rights and wear of what the station writes to. */
export const disk: Check = {
  name: 'disk',
  async run(context) {
    const { config, host } = context;
    const data = resolve(config.data_dir);
    const there = await nearestFolder(context, data);
    const findings: Finding[] = [await writable(context, data, there)];
    const { inbox } = captureFolders(config);
    if (!inbox.startsWith(`${data}/`))
      findings.push(await writable(context, inbox, await nearestFolder(context, inbox)));
    const room = await host.room(there);
    if (room === null) findings.push(none('the room on the disk can not be read'));
    else findings.push(roomOf(room, config.upkeep.disk));
    findings.push(...(await wear(context)));
    return findings;
  },
};

async function nearestFolder({ host }: CheckContext, path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) if (at === dirname(at) || (await host.room(at)) !== null) return at;
}

async function writable({ host }: CheckContext, wanted: string, there: string): Promise<Finding> {
  if (await host.mayWrite(there)) {
    return ok(
      there === wanted ? `${wanted} can be written to` : `${wanted} is not there yet, and can be made`,
    );
  }
  const mount = (await mountOf(host, there)) ?? '';
  if (/\bro\b/.test(mount.split(' ')[3]?.split(',')[0] ?? '')) {
    return failure(
      `${there} is on a disk that is mounted read-only`,
      'A failing card ends so: look at `dmesg | grep -i mmc`, then `sudo mount -o remount,rw /` or replace the card.',
    );
  }
  return failure(
    `this user may not write to ${there}`,
    `sudo chown -R $(id -u) ${there}, or run the doctor as the user of the station: sudo -u muster muster doctor`,
  );
}

/** The line of /proc/mounts for a path: the longest mount point that it lies below. */
async function mountOf(host: CheckContext['host'], path: string): Promise<string | undefined> {
  const lines = ((await host.read('/proc/mounts')) ?? '').split('\n');
  return lines
    .filter((line) => `${path}/`.startsWith(`${line.split(' ')[1]}/`.replace('//', '/')))
    .toSorted((a, b) => (b.split(' ')[1]?.length ?? 0) - (a.split(' ')[1]?.length ?? 0))[0];
}

function roomOf(
  { freeBytes, totalBytes }: { freeBytes: number; totalBytes: number },
  marks: { readonly low_mb: number; readonly critical_mb: number },
): Finding {
  const mb = Math.floor(freeBytes / 2 ** 20);
  const words = `${mb} MiB free of ${Math.floor(totalBytes / 2 ** 20)}`;
  const remedy =
    'Free some: `sudo journalctl --vacuum-size=100M`, `sudo apt clean`, or a smaller upkeep.retention.done_mb.';
  if (freeBytes < Math.min(marks.critical_mb * 2 ** 20, 0.03 * totalBytes))
    return failure(`${words}: the disk is almost full`, remedy);
  if (freeBytes < Math.min(marks.low_mb * 2 ** 20, 0.1 * totalBytes))
    return warning(`${words}: photos are not kept any more`, remedy);
  return ok(words);
}

/** What eMMC and some cards tell of their age, in tenths of their life (JESD84-B51, DEVICE_LIFE_TIME_EST). */
async function wear({ host, config }: CheckContext): Promise<Finding[]> {
  const disks = (await host.list('/sys/block/')).filter((name) => /^mmcblk\d+$/.test(name));
  const findings: Finding[] = [];
  for (const name of disks) {
    const text = await host.read(`/sys/block/${name}/device/life_time`);
    const tenths = Math.max(0, ...(text?.split(/\s+/).map((part) => Number.parseInt(part, 16)) ?? []));
    if (!(tenths > 0)) continue;
    if (tenths >= 9)
      findings.push(
        warning(
          `${name} has used ${tenths * 10} % of its life`,
          `Replace it soon. Copy the data first: sudo systemctl stop muster && sudo cp -a ${resolve(config.data_dir)} <another disk>`,
        ),
      );
    else findings.push(ok(`${name} has used up to ${tenths * 10} % of its life`));
  }
  return findings;
}
