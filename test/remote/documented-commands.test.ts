import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../src/lib/package.ts';
import { commandSchemas } from '../../src/payloads.ts';
import { errorCodes } from '../../src/remote/commands/contract.ts';
import { commands } from '../../src/remote/commands/table.ts';

const page = await readFile(join(packageRoot, 'docs/remote.md'), 'utf8');
const rowOf = (name: string) => page.match(new RegExp(`^\\| \`${name}\` \\|.*$`, 'm'))?.[0] ?? '';
/** The names of an object's fields. */
const fieldsOf = (schema: unknown) => Object.keys((schema as { shape: object }).shape);

it('the commands are those of the contract', () => {
  expect([...commands.keys()]).toEqual([
    'ping',
    'capture',
    'reload-gallery',
    'self-test',
    'tune',
    'purge',
    'restart',
    'log-level',
    'upkeep',
  ]);
});

it.each([...commands.values()])(
  'docs/remote.md has the args, the data and an example of $name',
  (command) => {
    const [, , args = '', data = ''] = rowOf(command.name).split('|');
    for (const field of fieldsOf(command.args)) expect(args).toContain(`\`${field}\``);
    expect(args.trim() === '–').toBe(fieldsOf(command.args).length === 0);
    for (const field of fieldsOf(command.data)) expect(data).toMatch(new RegExp(`\`${field}[\`:]`));
    const example = new RegExp(`^ask ${command.name}(?: '(.*)')?$`, 'm').exec(page);
    expect(example).not.toBe(null);
    expect(command.args.safeParse(JSON.parse(example?.[1] ?? '{}')).error).toBe(undefined);
  },
);

it.each([...errorCodes])('docs/remote.md says what %s means', (code) => {
  expect(rowOf(code)).not.toBe('');
});

it('every command has a schema of its args, which takes no others, and of its data', () => {
  const names = [...commands.keys()];
  expect(Object.keys(commandSchemas)).toEqual(names.flatMap((name) => [`cmd-${name}`, `res-${name}`]));
  expect(commandSchemas['cmd-purge']?.safeParse({ what: 'outbox' }).success).toBe(true);
  expect(commandSchemas['cmd-purge']?.safeParse({ what: 'outbox', now: true }).success).toBe(false);
});
