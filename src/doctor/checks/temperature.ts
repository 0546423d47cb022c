import type { BoardFiles } from '../../board/contract.ts';
import { readThrottling, throttleWord } from '../../board/throttling.ts';
import { none, ok, warning, type Check, type Finding } from '../contract.ts';

const cooling = 'Give it a heat sink or a fan, and air.';
/** From here on a Raspberry Pi slows down, °C. */
const hot = 80;
const warm = 70;

/** Temperature, and whether the board has slowed down or lacked power. */
export const temperature: Check = {
  name: 'temperature',
  async run({ host }) {
    const millidegrees = Number(await host.read('/sys/class/thermal/thermal_zone0/temp'));
    const celsius = millidegrees / 1000;
    const findings: Finding[] = [];
    if (!(millidegrees > 0)) findings.push(none('this machine does not tell its temperature'));
    else if (celsius >= hot)
      findings.push(warning(`${celsius.toFixed(0)} °C: the board slows down`, cooling));
    else if (celsius >= warm)
      findings.push(warning(`${celsius.toFixed(0)} °C: warm at rest; it will slow down under load`, cooling));
    else findings.push(ok(`${celsius.toFixed(0)} °C`));
    const board: BoardFiles = { text: (path) => host.read(path), list: (path) => host.list(path) };
    const bits = await throttleWord(board);
    if (bits !== null) findings.push(powerOf(bits));
    else if ((await readThrottling(board)) === 'heat')
      findings.push(warning('the kernel has slowed the processor down at this moment', cooling));
    return findings;
  },
};

/** The firmware's word of a Raspberry Pi: low bits now, bits 16 and up since the start (vcgencmd get_throttled). */
function powerOf(bits: number): Finding {
  const supply = 'Use the power supply of the board (5 V, 3 A or more; 5 A for a Pi 5), and a short cable.';
  if ((bits & 0x1) !== 0) return warning('the power supply is too weak at this moment', supply);
  if ((bits & 0x10000) !== 0) return warning('the power supply has been too weak since the start', supply);
  if ((bits & 0xe000e) !== 0) return warning('the board has slowed down since its start', cooling);
  return ok('power is good, and nothing has slowed the board down');
}
