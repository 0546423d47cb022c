import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../src/lib/package.ts';

const program = join(packageRoot, 'bin/muster.js');

/** Enrols the photos of a folder, as `muster enroll` does. */
export async function enroll(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = fork(program, ['enroll', folder], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error(`enrolment ended with status ${status}`);
}
