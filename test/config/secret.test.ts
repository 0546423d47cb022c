import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { readSecret } from '../../src/config/secret.ts';
import { temporaryFolder } from '../support/tools.ts';

function read(file: string): Promise<string | null> {
  return readSecret({ password: null, password_file: file }, 'password');
}

test('a secret is its value, or the content of its file as it is at the time, or null', async () => {
  const file = join(await temporaryFolder(), 'password');
  const { mqtt } = await loadConfig({ env: {} });
  expect(await readSecret(mqtt, 'password')).toBeNull();
  expect(await readSecret({ ...mqtt, password: ' x\n' }, 'password')).toBe(' x\n');
  await writeFile(file, ' geheim \n\n');
  expect(await readSecret({ ...mqtt, password_file: file }, 'password')).toBe(' geheim \n');
  await writeFile(file, 'neu\r\n');
  expect(await readSecret({ ...mqtt, password_file: file }, 'password')).toBe('neu');
});

test('a file that can not be used is named with the reason and a remedy', async () => {
  const folder = await temporaryFolder();
  await expect(read(join(folder, 'none'))).rejects.toMatchObject({
    code: 'secret_unreadable',
    message: `password_file: ${join(folder, 'none')} can't be used: there is no such file`,
    remedy:
      'Write the password into that file, readable by the user that runs muster, or set password_file to another.',
  });
  const empty = join(folder, 'empty');
  await writeFile(empty, '\n');
  await expect(read(empty)).rejects.toThrow(`password_file: ${empty} can't be used: it is empty`);
  const huge = join(folder, 'huge');
  await writeFile(huge, 'x'.repeat(70_000));
  await expect(read(huge)).rejects.toThrow('it has 70000 bytes, and a secret at most 65536');
  await expect(read(folder)).rejects.toThrow('EISDIR');
});
