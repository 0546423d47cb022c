import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { renewedStep, startedStep } from '../../src/install/system.ts';
import { temporaryFolder } from '../support/tools.ts';

/** A systemctl that says yes to questions about the units of `active` only, and writes down what else it is told. */
async function systemctl(active: readonly string[]): Promise<() => Promise<readonly string[]>> {
  const dir = await temporaryFolder();
  const told = join(dir, 'told');
  await writeFile(told, '');
  await writeFile(
    join(dir, 'systemctl'),
    `#!/bin/sh
case "$1" in
  is-*) case " ${active.join(' ')} " in *" $3 "*) exit 0 ;; *) exit 3 ;; esac ;;
  *) echo "$*" >> '${told}' ;;
esac
`,
  );
  await chmod(join(dir, 'systemctl'), 0o755);
  const path = process.env['PATH'];
  process.env['PATH'] = `${dir}:${path}`;
  onTestFinished(() => void (process.env['PATH'] = path));
  return async () => (await readFile(told, 'utf8')).split('\n').filter((line) => line !== '');
}

it('a service that runs is started again when anything has changed, and is as it is otherwise', async () => {
  const told = await systemctl(['muster.service']);
  expect(await startedStep('muster.service', () => false).needed()).toBeNull();
  const step = startedStep('muster.service', () => true);
  expect(await step.needed()).toBe('restart');
  await step.apply();
  expect(await told()).toEqual(['daemon-reload', 'enable muster.service', 'restart muster.service']);
});

it('the other service is started again where it runs and the program that both have was replaced', async () => {
  const told = await systemctl(['muster-bridge.service']);
  expect(await renewedStep('muster-bridge.service', () => false).needed()).toBeNull();
  expect(await renewedStep('muster.service', () => true).needed()).toBeNull();
  const step = renewedStep('muster-bridge.service', () => true);
  expect(await step.needed()).toBe('restart');
  await step.apply();
  expect(await told()).toEqual(['try-restart muster-bridge.service']);
});
