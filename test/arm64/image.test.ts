import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../demo/free-port.ts';
import { portraits, scenery } from '../../demo/sample-photos.ts';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import { buildImage, startInImage, withoutArm64, type Image } from '../support/arm64.ts';
import { subscribe } from '../support/broker.ts';
import { muster } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const minutes = (n: number) => ({ timeout: n * 60_000 });
const [user, group] = [1000, 1000];
/** Beyond the base. */
const mostMb = 350;
/** Of one number of an embedding, on x64 and on arm64. */
const tolerance = 1e-4;

describe.skipIf(withoutArm64 !== null)(
  `the arm64 image (${withoutArm64 ?? 'built and emulated here'})`,
  () => {
    let dir: string;
    let image: Image;

    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'muster-arm64-'));
      image = await buildImage(dir);
    }, 20 * 60_000);
    afterAll(() => rm(dir, { recursive: true, force: true }));

    /** A volume with photos of people in it, as the image's user owns it. */
    async function newVolume(): Promise<string> {
      const volume = await temporaryFolder();
      await mkdir(join(volume, 'people'));
      for (const name of ['alice', 'bella'] as const)
        await writeFile(join(volume, 'people', `${name}.jpg`), await portraits[name]());
      await chown(volume, user, group);
      await chmod(volume, 0o755);
      return volume;
    }

    function start(
      volume: string,
      command: readonly string[],
      settings: Readonly<Record<string, string>> = {},
    ) {
      // What takes a fraction of a second on a board takes many under emulation.
      const slow = { MUSTER_VISION__TIMEOUT_S: '300', MUSTER_VISION__THREADS: '1' };
      const child = startInImage(image, volume, command, { ...slow, ...settings });
      const output = { stdout: '', stderr: '' };
      child.stdout!.on('data', (part: Buffer) => (output.stdout += part.toString()));
      child.stderr!.on('data', (part: Buffer) => (output.stderr += part.toString()));
      onTestFinished(() => void child.kill('SIGKILL'));
      const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...output }));
      return { child, output, ended };
    }

    const verb = (volume: string, ...args: readonly string[]) =>
      start(volume, [...image.config.Entrypoint, ...args]).ended;

    it('holds this platform only, and is small', async () => {
      const du = (path: string) =>
        Number(
          execFileSync('du', ['--summarize', '--bytes', join(image.root, path)])
            .toString()
            .split('\t')[0],
        );
      expect((du('opt') + du('data')) / 2 ** 20).toBeLessThan(mostMb);
      const program = join(image.root, 'opt/muster');
      const files = (await readdir(program, { recursive: true })).filter((file) =>
        /\.(node|so[.\d]*)$/.test(file),
      );
      expect(files.length).toBeGreaterThan(3);
      const machines = await Promise.all(files.map((file) => machineOf(join(program, file))));
      expect(new Set(machines)).toEqual(new Set([aarch64]));
      expect(await readdir(join(program, 'models'))).toEqual(
        expect.arrayContaining(['manifest.json', 'golden.json', 'pnet.onnx', 'mobilefacenet.onnx']),
      );
      expect(image.config.User).toBe(`${user}:${group}`);
    });

    it(
      'enrols, decides, publishes and is well, and its embeddings are those of x64',
      minutes(10),
      async () => {
        const volume = await newVolume();
        expect(await verb(volume, 'enroll', '/data/people')).toMatchObject({ status: 0 });
        const exported = await verb(volume, 'gallery', 'export');
        expect(exported.status).toBe(0);

        const here = await temporaryFolder();
        expect(await muster(here, ['enroll', join(volume, 'people')])).toMatchObject({ status: 0 });
        const [onArm, onX64] = [exported, await muster(here, ['gallery', 'export'])].map(
          ({ stdout }) => JSON.parse(stdout) as GalleryFile,
        );
        expect(onArm!.fingerprint).toBe(onX64!.fingerprint);
        const differences = onX64!.templates.map((template, i) =>
          largestDifference(template, onArm!.templates[i]!),
        );
        expect(differences).toHaveLength(2);
        expect(Math.max(...differences)).toBeLessThan(tolerance);

        const [mqtt, http] = [String(await freePort()), String(await freePort())];
        const settings = { MUSTER_MQTT__EMBEDDED__PORT: mqtt, MUSTER_HTTP__PORT: http };
        const station = start(volume, [...image.config.Entrypoint, ...image.config.Cmd], settings);
        await eventually('ready', () => /ready: waiting/.test(station.output.stderr), 120_000);
        const { messages } = await subscribe(`mqtt://127.0.0.1:${mqtt}`);
        const events = () =>
          messages
            .filter(({ topic }) => topic.endsWith('/checkin'))
            .map(({ payload }) => JSON.parse(payload) as CheckinEvent);
        for (const [before, [name, photo]] of (
          [
            ['a.jpg', await portraits.aliceAgain()],
            ['b.jpg', await scenery()],
          ] as const
        ).entries()) {
          const file = join(volume, name);
          await writeFile(file, photo);
          await chown(file, user, group);
          await rename(file, join(volume, 'inbox', name));
          // One after the other: a slow machine finds both at once, and which of them is whole first is chance.
          await eventually('its event', () => events().length === before + 1, 180_000);
        }
        expect(events().map(({ decision, subject, reason }) => [decision, subject ?? reason])).toEqual([
          ['accepted', 'alice'],
          ['rejected', 'no_face'],
        ]);
        const info = messages.find(({ topic }) => topic.endsWith('/info'))!;
        expect(JSON.parse(info.payload)).toMatchObject({ arch: 'arm64', board: expect.any(String) });

        const [kind, ...check] = image.config.Healthcheck.Test;
        expect(kind).toBe('CMD');
        expect(await start(volume, check, settings).ended).toMatchObject({
          status: 0,
          stdout: expect.stringMatching(/^ready since/),
        });
        station.child.kill('SIGTERM');
        expect(await station.ended).toMatchObject({ status: 0 });
        expect(await start(volume, check, settings).ended).toMatchObject({ status: 1 });
      },
    );
  },
);

interface GalleryFile {
  readonly fingerprint: string;
  readonly templates: readonly { readonly subject: string; readonly embedding: readonly number[] }[];
}

function largestDifference(a: GalleryFile['templates'][number], b: GalleryFile['templates'][number]): number {
  expect(b.subject).toBe(a.subject);
  return Math.max(...a.embedding.map((value, i) => Math.abs(value - b.embedding[i]!)));
}

/** e_machine of EM_AARCH64 in an ELF header. */
const aarch64 = 183;

async function machineOf(path: string): Promise<number> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
    return buffer.readUInt16LE(18);
  } finally {
    await file.close();
  }
}
