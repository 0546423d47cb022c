import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { packageRoot } from '../../src/lib/package.ts';

const folder = join(packageRoot, '.github/workflows');
const names = (await readdir(folder)).filter((name) => name.endsWith('.yml'));
const read = (name: string) => readFile(join(folder, name), 'utf8');

const stepSchema = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).optional(),
});
const workflowSchema = z.object({
  permissions: z.object({ contents: z.literal('read') }).strict(),
  jobs: z.record(
    z.string(),
    z.object({
      'timeout-minutes': z.number(),
      strategy: z
        .object({ matrix: z.object({ node: z.array(z.number()), runner: z.array(z.string()) }) })
        .optional(),
      steps: z.array(stepSchema).min(1),
    }),
  ),
});
const workflow = async (name: string) => workflowSchema.parse(parse(await read(name)));
const stepsOf = async (name: string) =>
  Object.values((await workflow(name)).jobs).flatMap(({ steps }) => steps);

describe.each(names)('workflow %s', (name) => {
  it('has few rights and bounded time, and its actions are pinned to what was read', async () => {
    const steps = await stepsOf(name);
    const lines = (await read(name)).split('\n').filter((line) => line.includes('uses:'));
    expect(lines).toHaveLength(steps.filter(({ uses }) => uses !== undefined).length);
    // A tag can be moved, a commit can't; the comment tells a person which release it is.
    for (const line of lines) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it('names files that are there', async () => {
    const named = (await stepsOf(name)).flatMap(({ uses, run, with: inputs }) =>
      uses === undefined ? [run] : inputs && 'file' in inputs ? [inputs['file']] : [],
    );
    expect(named.filter((file) => !existsSync(join(packageRoot, String(file))))).toEqual([]);
  });
});

it('every supported line of Node is tested on both processors', async () => {
  const { strategy } = (await workflow('test.yml')).jobs['test']!;
  expect(strategy?.matrix).toEqual({ node: [20, 22, 24], runner: ['ubuntu-24.04', 'ubuntu-24.04-arm'] });
});

it('images are for both processors, with provenance and a bill of materials', async () => {
  const build = (await stepsOf('image.yml')).find(({ uses }) => uses?.startsWith('docker/build-push-action'));
  expect(build?.with).toMatchObject({
    platforms: 'linux/arm64,linux/amd64',
    provenance: 'mode=max',
    sbom: true,
  });
});
