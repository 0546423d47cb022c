import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { MusterError } from '../../lib/errors.ts';
import { openOutputSocket } from './output-socket.ts';

export interface Program {
  readonly path: string;
  readonly args: readonly string[];
  /** Written to its standard input, which is closed then. For what the list of processes must not show. */
  readonly input?: string;
}

export interface ProgramEnd {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly signal: string | null;
  /** The end of what it wrote to standard error. */
  readonly said: string;
}

/** How long a program may take to end by itself before it is killed, ms. */
const patienceMs = 2_000;
const maxSaid = 4_096;

/** The first program of these names in the search path, or null. */
export async function findProgram(...names: readonly string[]): Promise<string | null> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return null;
}

/**
 * Runs a program that streams to standard output, in a process group of its own. When the signal aborts the group is ended with SIGTERM,
 * and killed where that does not help (a stopped process takes no SIGTERM). It also dies with this process, however that ends: through
 * setpriv (util-linux) where there is one, since the kernel can tell a child of its parent's death.
 *
 * Resolves when it has ended and its output was read.
 *
 * @param onOutput gets each piece of the output, whose memory is used again as soon as it returns
 */
export async function runProgram(
  program: Program,
  onOutput: (piece: Uint8Array) => void,
  signal: AbortSignal,
): Promise<ProgramEnd> {
  const setpriv = await findProgram('setpriv');
  const [path, args] =
    setpriv === null
      ? [program.path, program.args]
      : [setpriv, ['--pdeathsig', 'KILL', '--', program.path, ...program.args]];
  // A full or read-only disk is no reason not to see: then by a pipe of Node's, which takes more work.
  const output = await openOutputSocket(onOutput).catch(() => null);
  if (signal.aborted) {
    output?.close();
    signal.throwIfAborted();
  }
  const child = spawn(path, [...args], { detached: true, stdio: ['pipe', output?.theirs ?? 'pipe', 'pipe'] });
  output?.theirs.destroy();
  let said = '';
  let killing: NodeJS.Timeout | undefined;
  const killGroup = (name: 'SIGTERM' | 'SIGKILL') => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // It has ended already.
    }
  };
  const kill = () => killGroup('SIGKILL');
  const endGroup = () => {
    killGroup('SIGTERM');
    killing = setTimeout(kill, patienceMs);
  };
  process.once('exit', kill);
  signal.addEventListener('abort', endGroup, { once: true });
  // Who has ended reads no input any more.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(program.input ?? '');
  child.stdout?.on('data', onOutput);
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-maxSaid);
  });
  try {
    const end = await new Promise<ProgramEnd>((resolve, reject) => {
      child.once('error', (cause) =>
        reject(new MusterError('camera', `${program.path} can't be started: ${cause.message}`, { cause })),
      );
      child.once('close', (status, by) => resolve({ status, signal: by, said }));
    });
    await output?.read;
    return end;
  } finally {
    output?.close();
    // What it may have started itself.
    kill();
    clearTimeout(killing);
    process.off('exit', kill);
    signal.removeEventListener('abort', endGroup);
  }
}
