import { expect, it } from 'vitest';
import { soak } from '../../bench/soak/soak.ts';
import { soakChart } from '../../bench/soak/chart.ts';
import { verdictOf } from '../../bench/soak/verdict.ts';
import { temporaryFolder } from '../support/tools.ts';

it(
  'a short soak loses nothing, opens no file that it does not close, and keeps to its room on the disk',
  { timeout: 300_000 },
  async () => {
    const dir = await temporaryFolder();
    const result = await soak({
      dir,
      // So many that the windows have a sample, which comes once a second.
      captures: 900,
      outages: 2,
      enrolEvery: 60,
      keptMb: 1,
      onProgress: () => undefined,
    });
    expect(result).toMatchObject({ lost: 0, doubled: 0, status: 0, errors: [], templates: 17 });
    const { handles, diskMaxMb, rssMb } = verdictOf(result);
    // A socket more or less, according to the moment; memory finds its size only later: npm run soak looks at that.
    expect(Math.abs(handles[1] - handles[0])).toBeLessThanOrEqual(3);
    expect(diskMaxMb).toBeLessThan(24);
    expect(rssMb.every((mb) => mb > 50)).toBe(true);
    const { filesMb, heapMb, heapUsedMb, externalMb, rssMb: whole } = result.samples.at(-1)!;
    expect(heapUsedMb).toBeGreaterThan(10);
    expect(heapMb).toBeGreaterThanOrEqual(heapUsedMb);
    expect(filesMb + heapMb + externalMb).toBeLessThan(whole);
    expect(soakChart(result.samples, 'soak')).toMatch(/^<svg [^]*<\/svg>\n$/);
  },
);

it('the verdict compares the end with the time after the warm-up, while the broker is there', () => {
  const sample = (captures: number, rssMb: number, brokerAway = false, handles = 33) => ({
    captures,
    seconds: captures / 10,
    rssMb,
    filesMb: 80,
    heapMb: rssMb / 2,
    heapUsedMb: rssMb / 4,
    externalMb: 5,
    handles: brokerAway ? 30 : handles,
    diskMb: captures / 100,
    brokerAway,
  });
  const samples = [
    sample(0, 90),
    sample(110, 200),
    sample(150, 202, true),
    sample(200, 204),
    sample(950, 220),
    // A photo that was being read at that moment.
    sample(960, 220, false, 34),
    sample(970, 220, false, 34),
    sample(1000, 222),
  ];
  const verdict = verdictOf({ captures: 1000, samples });
  expect(verdict.rssMb).toEqual([200, 220]);
  expect(verdict.rssGrowthPct).toBeCloseTo(10, 9);
  expect(verdict.heapMb).toEqual([100, 110]);
  expect(verdict.handles).toEqual([33, 33]);
  expect(verdict.diskMaxMb).toBe(10);
  const leaking = samples.map((each) =>
    each.captures < 900 ? each : { ...each, handles: each.handles + 1 },
  );
  expect(verdictOf({ captures: 1000, samples: leaking }).handles).toEqual([33, 34]);
});
