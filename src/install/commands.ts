import { execFile } from 'node:child_process';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';

/** What a program has written to standard output. Throws MusterError `install_command` with what it wrote to standard error. */
export async function runProgram(name: string, args: readonly string[], remedy: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    execFile(name, [...args], { timeout: 300_000 }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout.trim());
      const missing = codeOf(error) === 'ENOENT';
      const reason = missing ? 'there is no such program' : stderr.trim() || messageOf(error);
      reject(
        new MusterError('install_command', `${[name, ...args].join(' ')}: ${reason}`, {
          remedy,
          cause: error,
        }),
      );
    });
  });
}
