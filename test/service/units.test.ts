import { spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { renderUnit } from '../../src/install/render.ts';
import { packageRoot } from '../../src/lib/package.ts';
import { serviceMemory } from '../../bench/service-memory.ts';
import { hasProgram } from '../support/programs.ts';
import { temporaryFolder } from '../support/tools.ts';

const analyses = hasProgram('systemd-analyze');
const title = analyses ? 'the units' : 'the units (skipped: systemd-analyze is not installed)';
const folder = join(packageRoot, 'systemd');
const shipped = (name: string) => readFile(join(folder, `${name}.service`), 'utf8');

/** The unit with the paths of this machine, so that its commands exist. */
async function unitFile(name: string, change: (unit: string) => string = (unit) => unit): Promise<string> {
  const file = join(await temporaryFolder(), `${name}.service`);
  const paths = { node: process.execPath, program: packageRoot };
  await writeFile(file, change(renderUnit(await shipped(name), paths)));
  return file;
}

const analyse = (...args: readonly string[]) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });

describe.skipIf(!analyses)(title, () => {
  it.each(['muster', 'muster-bridge'])('%s: systemd finds nothing wrong', async (name) => {
    const { status, stdout, stderr } = analyse('verify', '--man=no', await unitFile(name));
    expect({ status, output: stdout + stderr }).toEqual({ status: 0, output: '' });
  });

  it('verify would find a mistake', async () => {
    const file = await unitFile('muster', (unit) => unit.replace('WatchdogSec=', 'WatchDogSec='));
    expect(analyse('verify', '--man=no', file).stderr).toContain('WatchDogSec');
  });

  /** The rating is times ten. */
  it.each([
    ['muster', 30],
    ['muster-bridge', 20],
  ])('%s: rated below %i tenths', async (name, threshold) => {
    const args = ['security', '--offline=true', '--no-pager', `--threshold=${threshold - 1}`];
    const { status, stdout } = analyse(...args, await unitFile(name));
    expect({ status, stdout }).toMatchObject({ status: 0 });
    const [, rating] = /Overall exposure level for \S+: (\d+\.\d+)/.exec(stdout) ?? [];
    expect(Number(rating)).toBeLessThan(threshold / 10);
  });
});

describe('what Muster needs of them', () => {
  it.each(['muster', 'muster-bridge'])('%s', async (name) => {
    const unit = await shipped(name);
    for (const line of ['Type=notify', 'NotifyAccess=all', 'Restart=always', `StateDirectory=${name}`]) {
      expect(unit.split('\n')).toContain(line);
    }
    expect(unit).toMatch(/^WatchdogSec=\d+$/m);
    // V8 makes code while it runs, and ONNX Runtime reads /proc/cpuinfo and /sys/devices/system/cpu.
    expect(unit).not.toMatch(/^MemoryDenyWriteExecute=/m);
    expect(unit).not.toMatch(/^(InaccessiblePaths|PrivatePIDs)=/m);
  });

  it('the station sees its camera', async () => {
    const unit = await shipped('muster');
    expect(unit).not.toMatch(/^(ProcSubset|PrivateDevices|PrivateUsers)=/m);
    for (const device of ['video4linux', 'media', 'vchiq', 'dma_heap']) {
      expect(unit).toContain(`DeviceAllow=char-${device} rw`);
    }
    expect(unit).toContain('SupplementaryGroups=video');
  });

  it('the image has the settings for memory of the station', async () => {
    const image = await readFile(join(packageRoot, 'Dockerfile.arm64'), 'utf8');
    const found = image.matchAll(/^ +(MALLOC_\w+|NODE_OPTIONS)="?([^"\n\\]*?)"? \\$/gm);
    const wanted = await serviceMemory();
    expect(Object.keys(wanted)).toContain('MALLOC_TRIM_THRESHOLD_');
    expect(Object.fromEntries(Array.from(found, ([, name, value]) => [name, value]))).toEqual(wanted);
  });

  it('the command for a start by hand has them too', async () => {
    const docs = await readFile(join(packageRoot, 'docs/performance.md'), 'utf8');
    const command = /^(MALLOC_ARENA_MAX=.*) npx muster station$/m.exec(docs)?.[1] ?? '';
    const set = command.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g);
    expect(Object.fromEntries(Array.from(set, ([, name, quoted, plain]) => [name, quoted ?? plain]))).toEqual(
      await serviceMemory(),
    );
  });

  it('every unit of the folder is one that can be installed', async () => {
    const names = (await readdir(folder)).filter((file) => file.endsWith('.service'));
    expect(names).toEqual(['muster-bridge.service', 'muster.service']);
  });
});
