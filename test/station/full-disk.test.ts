import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { canMountDisks, smallDisk, withoutDisks } from '../support/small-disk.ts';
import { startStation } from '../support/station.ts';
import { eventually } from '../support/tools.ts';

const isFull = /the disk of the store .* is full/;

it.skipIf(!canMountDisks)(
  `a station that starts on a full disk says so once, and starts when there is room${canMountDisks ? '' : ` (${withoutDisks})`}`,
  async () => {
    const disk = await smallDisk(8);
    await mkdir(join(disk.dir, 'data', 'inbox'), { recursive: true });
    await disk.fill();
    const running = startStation(disk.dir, { MUSTER_MQTT__EMBEDDED__PORT: '0' });
    const complaints = () => running.lines.filter(({ msg }) => isFull.test(msg));
    await eventually('a word on it', () => complaints().length > 0);
    // Time for some more attempts.
    await new Promise((resolve) => {
      setTimeout(resolve, 5_000);
    });
    expect(complaints()).toHaveLength(1);
    expect(running.child.exitCode).toBeNull();
    // Told to stop while it waits, it does.
    expect(await running.stop()).toBe(0);

    const again = startStation(disk.dir, { MUSTER_MQTT__EMBEDDED__PORT: '0' });
    await eventually('the same word', () => again.lines.some(({ msg }) => isFull.test(msg)));
    await disk.free();
    await again.ready;
    expect(await again.stop()).toBe(0);
  },
);
