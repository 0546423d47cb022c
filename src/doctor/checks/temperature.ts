import { none, ok, warning, type Check, type Finding } from '../contract.ts';

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
      findings.push(
        warning(`${celsius.toFixed(0)} °C: the board slows down`, 'Give it a heat sink or a fan, and air.'),
      );
    else if (celsius >= warm)
      findings.push(
        warning(
          `${celsius.toFixed(0)} °C: warm at rest; it will slow down under load`,
          'Give it a heat sink or a fan, and air.',
        ),
      );
    else findings.push(ok(`${celsius.toFixed(0)} °C`));
    const bits = Number.parseInt(
      (await host.read('/sys/devices/platform/soc/soc:firmware/get_throttled')) ?? '',
      16,
    );
    if (!Number.isNaN(bits)) findings.push(powerOf(bits));
    return findings;
  },
};

/** The firmware's word of a Raspberry Pi: low bits now, bits 16 and up since the start (vcgencmd get_throttled). */
function powerOf(bits: number): Finding {
  const supply = 'Use the power supply of the board (5 V, 3 A or more; 5 A for a Pi 5), and a short cable.';
  if ((bits & 0x1) !== 0) return warning('the power supply is too weak at this moment', supply);
  if ((bits & 0x10000) !== 0) return warning('the power supply has been too weak since the start', supply);
  if ((bits & 0xe000e) !== 0)
    return warning('the board has slowed down since its start', 'Give it a heat sink or a fan, and air.');
  return ok('power is good, and nothing has slowed the board down');
}
