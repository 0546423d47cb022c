import { describe, expect, it, onTestFinished } from 'vitest';
import { readThrottling } from '../../src/board/throttling.ts';
import { createThrottleWatch } from '../../src/board/throttle-watch.ts';
import { createAlerts } from '../../src/telemetry/alerts.ts';
import { alertOfThrottling } from '../../src/telemetry/throttle-alert.ts';
import { fileTree } from '../support/file-tree.ts';
import { eventually, manualClock, silentLog } from '../support/tools.ts';

const drivers = '/sys/bus/platform/drivers/raspberrypi-firmware';
const pi4 = `${drivers}/soc:firmware/get_throttled`;
const pi5 = `${drivers}/soc@107c000000:firmware/get_throttled`;
const cooling = (n: number, type: string, state: number) => ({
  [`/sys/class/thermal/cooling_device${n}/type`]: `${type}\n`,
  [`/sys/class/thermal/cooling_device${n}/cur_state`]: `${state}\n`,
});

describe('whether a board has made itself slower', () => {
  it.each([
    ['a Raspberry Pi 4 at work', { [pi4]: '0\n' }, 'none'],
    ['one that was throttled and short of power before', { [pi4]: '50000\n' }, 'none'],
    ['one at its soft temperature limit', { [pi4]: '80008\n' }, 'heat'],
    ['a Raspberry Pi 5 that is throttled', { [pi5]: 'e0006\n' }, 'heat'],
    ['one with a weak supply, which caps the frequency', { [pi5]: '50005\n' }, 'power'],
    [
      'an Orange Pi whose kernel slows the fast cores',
      { ...cooling(0, 'pwm-fan', 3), ...cooling(1, 'cpufreq-cpu0', 0), ...cooling(2, 'cpufreq-cpu4', 2) },
      'heat',
    ],
    ['an Orange Pi with an older kernel', cooling(0, 'thermal-cpufreq-0', 1), 'heat'],
    ['one whose fan turns', { ...cooling(0, 'pwm-fan', 4), ...cooling(1, 'cpufreq-cpu0', 0) }, 'none'],
    ['a machine with a fan only', cooling(0, 'pwm-fan', 4), 'unknown'],
    ['a firmware that says something else', { [pi4]: 'no\n' }, 'unknown'],
    ['a machine that tells nothing', {}, 'unknown'],
  ] as const)('%s', async (_title, files, expected) => {
    expect(await readThrottling(await fileTree(files))).toBe(expected);
  });

  it('this machine tells something, or nothing', async () => {
    expect(['none', 'heat', 'power', 'unknown']).toContain(await readThrottling());
  });
});

describe('the watch over it', () => {
  it('tells at once, and that it is over when the board has been calm for a while', async () => {
    const board = await fileTree({ [pi4]: '0\n' });
    const clock = manualClock();
    const alerts = createAlerts({ clock, log: silentLog });
    let looks = 0;
    const watch = createThrottleWatch({
      read: async () => {
        const found = await readThrottling(board);
        looks += 1;
        return found;
      },
      everyMs: 5,
      calmMs: 60_000,
      clock,
      onChange: (cause) => alertOfThrottling(cause, { alerts, cameraFps: 5 }),
    });
    onTestFinished(() => watch.close());
    /** Until it has looked at what is there now. */
    const looked = async () => {
      const before = looks;
      await eventually('two looks', () => looks >= before + 2);
    };
    watch.start();
    await looked();
    expect([watch.isSlow(), alerts.active()]).toEqual([false, []]);

    await board.write(pi4, '80008\n');
    await eventually('slow', () => watch.isSlow());
    expect(alerts.active()).toMatchObject([
      {
        id: 'board-throttled',
        severity: 'warning',
        message:
          'the board has made itself slower: it is too hot. Give it a heat sink or a fan, and air. Until it is over, 5 frames a second are looked at.',
      },
    ]);
    await board.write(pi4, '50005\n');
    await eventually('another cause', () => alerts.active()[0]?.message.includes('power supply') === true);

    await board.write(pi4, '50000\n');
    await looked();
    clock.advance(59_000);
    await looked();
    expect(watch.isSlow()).toBe(true);
    clock.advance(2_000);
    await eventually('over', () => !watch.isSlow());
    expect(alerts.active()).toEqual([]);
  });
});
