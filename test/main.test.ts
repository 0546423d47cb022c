import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { packageRoot, packageVersion } from '../src/lib/package.ts';
import { loadedFiles } from './support/loaded-files.ts';

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [join(packageRoot, 'bin/muster.js'), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function muster(args: readonly string[], env: Record<string, string> = {}) {
  const child = start(args, env);
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const [status] = await once(child, 'close');
  return { status: Number(status), ...output };
}

/** Runs a module's text before the program. */
function preload(text: string): Record<string, string> {
  return { NODE_OPTIONS: `--import "data:text/javascript,${encodeURIComponent(text)}"` };
}

/** Runs a statement once the program has taken over signals and errors. */
function preloadWhenReady(statement: string): Record<string, string> {
  return preload(`const poll = setInterval(() => {
    if (process.listenerCount('SIGTERM') === 0) return;
    clearInterval(poll);
    ${statement}
  }, 10);`);
}

test('the help names the verbs by group, with a line for each', async () => {
  const { status, stdout, stderr } = await muster(['--help']);
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^Usage: muster \[options\] \[command\]\n/);
  expect(stdout).toMatch(/^Running a station:\n {2}station +run a station/m);
  expect(stdout).toMatch(/^Setting up:\n(?: {2}.*\n)*? {2}config +check and show the configuration$/m);
  expect(stdout).toMatch(/--config <file>[^]*env: MUSTER_CONFIG[^]*--log-level <level>/);
});

test('the help loads none of the heavy packages', async () => {
  const loaded = await loadedFiles();
  expect(await muster(['--help'], loaded.env)).toMatchObject({ status: 0, stderr: '' });
  const packages = (await loaded.read()).flatMap((file) => /.*\/node_modules\/([^/]+)/.exec(file)?.[1] ?? []);
  expect([...new Set(packages)]).toEqual(['commander']);
});

test('each verb has a help of its own with examples and the global options', async () => {
  const { stdout } = await muster(['config', '--help']);
  expect(stdout).toContain('Usage: muster config [options] [command]');
  expect(stdout).toContain('muster config check station.yaml');
  expect(stdout).toMatch(/Global Options:[^]*--config <file>/);
  expect((await muster(['help', 'config'])).stdout).toBe(stdout);
});

test('the version is the one of package.json', async () => {
  expect(await muster(['--version'])).toEqual({ status: 0, stdout: `${packageVersion}\n`, stderr: '' });
});

test('wrong usage ends with 2, a message and the nearest verb', async () => {
  expect(await muster(['confg'])).toEqual({
    status: 2,
    stdout: '',
    stderr: "muster: unknown command 'confg'\n(Did you mean config?)\nTry --help.\n",
  });
  expect(await muster(['config', 'shwo'])).toMatchObject({
    status: 2,
    stderr: "muster: unknown command 'shwo'\n(Did you mean show?)\nTry --help.\n",
  });
  expect(await muster(['config', 'show', '--jsn'])).toMatchObject({
    status: 2,
    stderr: "muster: unknown option '--jsn'\n(Did you mean --json?)\nTry --help.\n",
  });
  expect(await muster(['config', 'show', '--log-level', 'loud'])).toMatchObject({
    status: 2,
    stderr:
      'muster: --log-level loud: there is no such level; allowed: trace, debug, info, warn, error, fatal, silent\nTry --help.\n',
  });
});

test('without a verb the help goes to standard error, with 2', async () => {
  const { status, stdout, stderr } = await muster([]);
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^Usage: muster /);
});

test('what a person can mend ends with 2, a message and a remedy', async () => {
  const expected = {
    status: 2,
    stdout: '',
    stderr:
      'muster: there is no configuration file /nowhere.yaml\nCheck --config and MUSTER_CONFIG; without both of them muster starts with its defaults.\n',
  };
  expect(await muster(['config', 'show', '--config', '/nowhere.yaml'])).toEqual(expected);
  expect(await muster(['--config', '/nowhere.yaml', 'config', 'show'])).toEqual(expected);
  expect(await muster(['config', 'show'], { MUSTER_CONFIG: '/nowhere.yaml' })).toEqual(expected);
});

test('an empty MUSTER_CONFIG is none', async () => {
  expect(await muster(['config', 'check'], { MUSTER_CONFIG: '' })).toMatchObject({ status: 0 });
});

test('a bug ends with 70 and its stack', async () => {
  const broken = preload("JSON.stringify = () => { throw new TypeError('planted') }");
  const { status, stdout, stderr } = await muster(['config', 'schema'], broken);
  expect([status, stdout]).toEqual([70, '']);
  expect(stderr).toMatch(/^muster: this is a bug in muster .*\nTypeError: planted\n {4}at /);
});

test('an error that nobody catches ends with 70 and its stack', async () => {
  const broken = preloadWhenReady("throw new TypeError('planted')");
  const { status, stderr } = await muster(['config', 'check'], broken);
  expect(status).toBe(70);
  expect(stderr).toContain('TypeError: planted\n    at ');
});

test('a reader that leaves early ends it quietly', async () => {
  const child = start(['config', 'schema']);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout?.destroy();
  const closed = await once(child, 'close');
  expect([...closed, stderr]).toEqual([0, null, '']);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)(
  'the first %s asks the work to end, a second one ends the process at once with %d',
  async (signal, status) => {
    // Work that takes no notice of the signal.
    const child = start(
      ['config', 'check'],
      preloadWhenReady("setInterval(() => {}, 1000); console.error('ready')"),
    );
    const closed = once(child, 'close');
    if (child.stderr !== null) await once(child.stderr, 'data');
    child.kill(signal);
    await sleep(200);
    expect(child.exitCode).toBeNull();
    child.kill(signal);
    expect(await closed).toEqual([status, null]);
  },
);
