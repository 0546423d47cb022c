import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram } from './program.ts';
import { rpicamNames } from './rpicam.ts';

/** What this machine has to take pictures with. */
export interface FoundCameras {
  readonly v4l2: readonly V4l2Node[];
  /** The lines of rpicam's list; null where the program is not installed. */
  readonly rpicam: readonly string[] | null;
  /** The first line that ffmpeg says of itself; null where it is not installed. */
  readonly ffmpeg: string | null;
}

export interface V4l2Node {
  /** Such as /dev/video0. */
  readonly device: string;
  /** What the driver calls it. */
  readonly name: string;
  /** A camera's first node gives the pictures; others are for its settings and measurements. */
  readonly isFirst: boolean;
  /** Whether this user may use it. */
  readonly allowed: boolean;
}

const run = promisify(execFile);
/** A camera that hangs must not hold up the list, ms. */
const patienceMs = 10_000;

/** @param sys where the kernel lists its video devices */
export async function findCameras(sys = '/sys/class/video4linux'): Promise<FoundCameras> {
  const [v4l2, rpicam, ffmpeg] = await Promise.all([v4l2Nodes(sys), rpicamCameras(), ffmpegVersion()]);
  return { v4l2, rpicam, ffmpeg };
}

async function v4l2Nodes(sys: string): Promise<V4l2Node[]> {
  const nodes = await readdir(sys).catch(() => []);
  const numberOf = (node: string) => Number(/\d+$/.exec(node)?.[0] ?? 0);
  return await Promise.all(
    nodes
      .filter((node) => node.startsWith('video'))
      .toSorted((a, b) => numberOf(a) - numberOf(b))
      .map(async (node) => {
        const device = `/dev/${node}`;
        const read = (file: string) => readFile(join(sys, node, file), 'utf8').catch(() => '');
        const [name, index] = [(await read('name')).trim(), (await read('index')).trim()];
        const allowed = await access(device, constants.R_OK | constants.W_OK).then(
          () => true,
          () => false,
        );
        return {
          device,
          name: name === '' ? 'unknown' : name,
          isFirst: index === '' || index === '0',
          allowed,
        };
      }),
  );
}

async function rpicamCameras(): Promise<string[] | null> {
  const path = await findProgram(...rpicamNames);
  if (path === null) return null;
  const { stdout, stderr } = await run(path, ['--list-cameras'], { timeout: patienceMs }).catch(() => ({
    stdout: '',
    stderr: '',
  }));
  return `${stdout}\n${stderr}`.split('\n').filter((line) => /^\s*\d+\s*:/.test(line));
}

async function ffmpegVersion(): Promise<string | null> {
  const path = await findProgram('ffmpeg');
  if (path === null) return null;
  const { stdout } = await run(path, ['-version'], { timeout: patienceMs }).catch(() => ({ stdout: '' }));
  return stdout.split('\n', 1)[0] ?? '';
}
