import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';
import { temporaryFolder } from '../support/tools.ts';

const script = `
  import { createLog } from '${join(packageRoot, 'dist/src/lib/log.js')}';
  const tail = { write: (line) => process.stdout.write(line) };
  const log = createLog('trace', process.argv[1] === 'tail' ? tail : undefined);
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) log[level]({ of: level }, 'a\\nb');
  log.child({ part: 'bridge' }).warn('of a child');`;

/** What the program writes to a file that is its standard error. */
async function logged(
  journal: (stream: string) => string | undefined,
  ...args: readonly string[]
): Promise<readonly string[]> {
  const file = join(await temporaryFolder(), 'stderr');
  const stderr = openSync(file, 'w');
  const { dev, ino } = fstatSync(stderr);
  const stream = journal(`${dev}:${ino}`);
  const env = { ...process.env, ...(stream === undefined ? {} : { JOURNAL_STREAM: stream }) };
  spawnSync(process.execPath, ['--input-type=module', '-e', script, ...args], {
    stdio: ['ignore', 'ignore', stderr],
    env,
  });
  closeSync(stderr);
  return readFileSync(file, 'utf8').trim().split('\n');
}

describe('the log', () => {
  it.each([[], ['tail']])(
    'has the priority of each line where the journal reads it, and is JSON behind it',
    async (...args) => {
      const lines = await logged((stream) => stream, ...args);
      expect(lines.map((line) => line.slice(0, 3))).toEqual([
        '<7>',
        '<7>',
        '<6>',
        '<4>',
        '<3>',
        '<2>',
        '<4>',
      ]);
      const last = JSON.parse(lines.at(-1)!.slice(3)) as object;
      expect(last).toMatchObject({ level: 40, part: 'bridge', msg: 'of a child' });
      expect(lines.join('')).not.toContain('\u001b');
    },
  );

  it.each([
    ['there is no journal', () => undefined],
    ['the journal reads another stream', () => '1:1'],
  ])('is plain JSON where %s', async (_, journal) => {
    const lines = await logged(journal);
    expect(lines).toHaveLength(7);
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('is coloured text for a person at a terminal', async () => {
    const file = join(await temporaryFolder(), 'program.mjs');
    writeFileSync(file, script);
    // The program `script` gives it a terminal.
    const { stdout } = spawnSync('script', ['-qec', `'${process.execPath}' '${file}'`, '/dev/null'], {
      encoding: 'utf8',
    });
    expect(stdout).toMatch(/\d\d:\d\d:\d\d\.\d+\S* \S*INFO\S*: \S*a/);
    expect(stdout).toContain('\u001b[');
    expect(stdout).not.toContain('"level"');
  });
});
