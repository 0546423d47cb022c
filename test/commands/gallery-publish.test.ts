import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { muster } from '../gallery/muster.ts';
import { fingerprint, galleryStore, templates } from '../gallery/support.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

/** A folder with keys and a gallery of ten templates, and a broker. */
async function publisher() {
  const folder = await temporaryFolder();
  const broker = await startBroker();
  const store = galleryStore(join(folder, 'data/gallery/main'));
  await store.apply({ put: templates(10, { each: 2 }) });
  const env = { MUSTER_MQTT__URL: broker.url() };
  const run = (...args: string[]) => muster(folder, ['gallery', ...args], env);
  expect(await run('keygen', 'keys')).toMatchObject({ status: 0 });
  return { folder, broker, store, run };
}

test('keys are made once, for their owner only', async () => {
  const { folder, run } = await publisher();
  for (const [name, mode] of [
    ['gallery.key', 0o600],
    ['gallery.aes', 0o600],
    ['gallery.pub', 0o644],
  ] as const) {
    expect((await stat(join(folder, 'keys', name))).mode & 0o777).toBe(mode);
  }
  const before = await readFile(join(folder, 'keys/gallery.key'), 'utf8');
  const again = await run('keygen', 'keys');
  expect(again).toMatchObject({ status: 2, stderr: expect.stringContaining('it is there already') });
  expect(await readFile(join(folder, 'keys/gallery.key'), 'utf8')).toBe(before);
  const { stdout } = await run('keygen', 'more', '--json');
  expect(JSON.parse(stdout)).toEqual({
    key_id: expect.stringMatching(/^[0-9a-f]{16}$/),
    public_key: expect.stringMatching(/^[\w+/]{43}=$/),
    files: ['more/gallery.key', 'more/gallery.pub', 'more/gallery.aes'],
  });
});

test('a gallery is published, then only what has changed', async () => {
  const { broker, store, run } = await publisher();
  const { messages } = await subscribe(broker.url(), 'muster/1/default/gallery/main/#');
  const first = await run('publish', '--key', 'keys/gallery.key');
  expect(first).toMatchObject({
    status: 0,
    stdout: 'gallery main, rev 1, 10 templates: 10 sent, 0 deleted, 0 unchanged\n',
    stderr: '',
  });
  await eventually('the manifest', () => messages.length === 11);
  const { digest } = await store.apply({ remove: [templates(10, { each: 2 })[4]!.subject] });
  const second = await run('publish', '--key', 'keys/gallery.key', '--json');
  expect(JSON.parse(second.stdout)).toEqual({
    gallery: 'main',
    rev: 2,
    templates: 8,
    digest,
    fingerprint,
    sent: 0,
    deleted: 2,
    unchanged: 8,
  });
  await eventually('the manifest', () => messages.length === 14);
  expect(
    messages
      .slice(11)
      .map(({ topic, payload }) => [topic.slice('muster/1/default/gallery/main/'.length), payload === '']),
  ).toEqual([
    ['t/s-2/0', true],
    ['t/s-2/1', true],
    ['manifest', false],
  ]);
});

test('an exported gallery is published encrypted under another name, and a readable key is remarked', async () => {
  const { folder, broker, run } = await publisher();
  await run('export', 'people.json');
  await chmod(join(folder, 'keys/gallery.key'), 0o644);
  const { messages } = await subscribe(broker.url(), 'muster/1/default/gallery/#');
  const args = ['--key', 'keys/gallery.key', '--encryption-key', 'keys/gallery.aes', '--from', 'people.json'];
  const published = await run('publish', ...args, '--name', 'doors', '--rev', '7');
  expect(published).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^gallery doors, rev 7, 10 templates/),
  });
  expect(published.stderr).toMatch(/others than its owner may read keys\/gallery\.key/);
  await eventually('all', () => messages.length === 11);
  expect(messages.every(({ topic }) => topic.startsWith('muster/1/default/gallery/doors/'))).toBe(true);
  expect(messages.some(({ payload }) => payload.includes('embedding'))).toBe(false);
});

test('what can not be published is told', async () => {
  const { folder, broker, run } = await publisher();
  await writeFile(join(folder, 'text.key'), 'no key');
  for (const [args, reason] of [
    [['--key', 'nix.key'], /nix\.key does not hold the Ed25519 private key.*no such file/],
    [['--key', 'text.key'], /text\.key does not hold the Ed25519 private key/],
    [
      ['--key', 'keys/gallery.key', '--encryption-key', 'text.key'],
      /text\.key does not hold .*encryption key/,
    ],
    [['--key', 'keys/gallery.key', '--name', '../x'], /--name \.\.\/x/],
    [['--key', 'keys/gallery.key', '--from', 'nix.json'], /nix\.json can't be read/],
    [['--key', 'keys/gallery.key', '--rev', '0'], /whole number/],
    [[], /--key/],
  ] as const) {
    expect(await run('publish', ...args)).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(reason),
    });
  }
  await broker.close();
  const unreachable = await run('publish', '--key', 'keys/gallery.key');
  expect(unreachable).toMatchObject({ status: 2, stderr: expect.stringContaining("can't be reached") });
});

test('the set before is put back, once', async () => {
  const { store, run } = await publisher();
  const { digest } = await store.load();
  const nothing = await run('rollback');
  expect(nothing).toMatchObject({ status: 2, stderr: expect.stringContaining('no other set') });
  await store.apply({ put: templates(3, { seed: 5 }) });
  const { status, stdout } = await run('rollback', '--json');
  expect([status, JSON.parse(stdout)]).toEqual([0, { gallery: 'main', revision: 3, templates: 10, digest }]);
});
