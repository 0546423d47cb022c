import { join } from 'node:path';
import type { BoardFiles, Throttling } from './contract.ts';
import { thisBoard } from './files.ts';

/** Where a Raspberry Pi's firmware shows what `vcgencmd get_throttled` does: the node is named after the board's bus. */
const firmwareFolder = '/sys/bus/platform/drivers/raspberrypi-firmware';
const coolingFolder = '/sys/class/thermal';

/** Bits of the firmware's word that tell of this moment; from bit 16 on they tell of the time since the start. */
const underVoltage = 0b0001;
/** Frequency capped, throttled, soft temperature limit. */
const slowed = 0b1110;

/**
 * Whether the board has made itself slower at this moment. Never rejects.
 *
 * A Raspberry Pi's firmware has a word for it. Elsewhere the kernel lowers the processor's frequency as a cooling device of its own: its
 * state is above 0 then (Documentation/driver-api/thermal/sysfs-api.rst).
 */
export async function readThrottling(files: BoardFiles = thisBoard): Promise<Throttling> {
  const word = await throttleWord(files);
  if (word !== null) {
    if ((word & underVoltage) !== 0) return 'power';
    return (word & slowed) !== 0 ? 'heat' : 'none';
  }
  const states = await coolingStates(files);
  if (states.length === 0) return 'unknown';
  return states.some((state) => state > 0) ? 'heat' : 'none';
}

/** What the firmware of a Raspberry Pi says; null elsewhere. Never rejects. */
export async function throttleWord({ text, list }: BoardFiles): Promise<number | null> {
  const node = (await list(firmwareFolder)).find((name) => name.endsWith(':firmware'));
  if (node === undefined) return null;
  const word = Number.parseInt((await text(join(firmwareFolder, node, 'get_throttled'))) ?? '', 16);
  return Number.isNaN(word) ? null : word;
}

/** Of the cooling devices that slow the processor down; fans are none. */
async function coolingStates({ text, list }: BoardFiles): Promise<readonly number[]> {
  const devices = (await list(coolingFolder)).filter((name) => name.startsWith('cooling_device'));
  const states = await Promise.all(
    devices.map(async (name) => {
      const type = (await text(join(coolingFolder, name, 'type')))?.trim() ?? '';
      if (!/^(thermal-)?cpufreq-|^Processor$/.test(type)) return Number.NaN;
      return Number.parseInt((await text(join(coolingFolder, name, 'cur_state'))) ?? '', 10);
    }),
  );
  return states.filter((state) => !Number.isNaN(state));
}
