import { earliestPlausible } from '../../lib/clock.ts';
import { none, ok, warning, failure, type Check } from '../contract.ts';

/** Whether the clock is right: the times of check-ins are. */
export const clock: Check = {
  name: 'clock',
  async run({ host }) {
    const remedy =
      'sudo timedatectl set-ntp true; check that the network lets NTP (UDP port 123) through, or add a clock module (RTC).';
    if (host.now() < earliestPlausible)
      return failure(`the clock shows ${new Date(host.now()).toISOString()}`, remedy);
    const synced = await host.run('timedatectl', ['show', '--property=NTPSynchronized', '--value']);
    const rtc = (await host.list('/sys/class/rtc/')).length > 0 ? 'with' : 'without';
    if (synced === 'yes') return ok(`synchronised, ${rtc} a clock module`);
    if (synced === 'no') return warning(`not synchronised, ${rtc} a clock module`, remedy);
    return none('whether it is synchronised can not be asked here (no timedatectl)');
  },
};
