import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type BenchReport, benchSchema, benchStages } from '../../src/bench/contract.ts';
import { muster } from '../gallery/muster.ts';
import { temporaryFolder } from '../support/tools.ts';

const short = ['bench', '--captures', '5', '--warm-up', '2', '--templates', '50', '--threads', '1'];

test(
  'measures each stage of a station, as JSON, and beside an earlier run',
  { timeout: 120_000 },
  async () => {
    const dir = await temporaryFolder();
    const args = [...short, '--size', '640x480,800x600', '--faces', '2', '--json'];
    const { status, stdout, stderr } = await muster(dir, args);
    expect([status, stderr]).toEqual([0, expect.any(String) as string]);
    const report = benchSchema.parse(JSON.parse(stdout));
    expect(report.scenarios.map(({ photo, faces }) => [photo, faces])).toEqual([
      ['640x480', 2],
      ['800x600', 2],
    ]);
    for (const { stages, ...figures } of report.scenarios) {
      expect(Object.keys(stages)).toEqual([...benchStages]);
      for (const { p50_ms, p95_ms, p99_ms } of Object.values(stages)) {
        expect(p50_ms).toBeGreaterThan(0);
        expect(p95_ms).toBeGreaterThanOrEqual(p50_ms);
        expect(p99_ms).toBeGreaterThanOrEqual(p95_ms);
      }
      expect(figures.captures_per_s).toBeGreaterThan(0);
      expect(figures.cpu_s_per_capture).toBeGreaterThan(0);
      for (const share of [figures.ort_share, figures.detect_ort_share, figures.tracked_share]) {
        expect(share).toBeGreaterThan(0);
        expect(share).toBeLessThan(1);
      }
    }
    expect(report).toMatchObject({ pack: 'edge', threads: 1, templates: 50, detector_mode: 'fast' });
    expect(report.stages).toEqual(report.scenarios[0]!.stages);

    await writeFile(join(dir, 'before.json'), stdout);
    const again = await muster(dir, [
      ...short,
      '--size',
      '640x480',
      '--faces',
      '2',
      '--compare',
      'before.json',
    ]);
    expect(again.status).toBe(0);
    expect(again.stdout).toMatch(/^embed +[\d.]+ +[\d.]+ +[\d.]+$/m);
    const before = (JSON.parse(stdout) as BenchReport).captures_per_s;
    expect(again.stdout).toMatch(new RegExp(`^640x480 +captures_per_s +${before} +[\\d.]+ +[\\d.]+$`, 'm'));
  },
);

test('what can not be measured is said', async () => {
  const dir = await temporaryFolder();
  const failures: readonly (readonly [string[], string])[] = [
    [['--size', '1280'], 'Write sizes as 1280x720'],
    [['--faces', '9', '--size', '320x240'], '9 faces of 80 px do not fit into 320×240'],
    [['--photos', 'nowhere'], "the folder nowhere can't be read"],
    [['--compare', 'nothing.json'], 'muster bench --json > before.json'],
    [['--captures', '1'], 'from 5 to 100000'],
    [['--pack', 'none'], "There is no model pack 'none'"],
  ];
  for (const [args, message] of failures) {
    const { status, stderr } = await muster(dir, ['bench', ...args]);
    expect([args, status, stderr]).toEqual([args, 2, expect.stringContaining(message)]);
  }
});

test('one line for each figure, for spreadsheets', { timeout: 60_000 }, async () => {
  const { stdout } = await muster(await temporaryFolder(), [...short, '--csv']);
  const lines = stdout.trim().split('\n');
  expect(lines[0]).toBe('photo,faces,figure,value');
  expect(lines).toContainEqual(expect.stringMatching(/^1280x720,1,embed\.p50_ms,[\d.]+$/));
  expect(lines).toContainEqual(expect.stringMatching(/^1280x720,1,captures_per_s,[\d.]+$/));
});
