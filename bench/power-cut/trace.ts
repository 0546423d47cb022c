/** One thing that a process did to its files, as strace saw it end. */
export type FileCall =
  | {
      readonly call: 'open';
      readonly path: string;
      readonly fd: number;
      readonly truncate: boolean;
      readonly create: boolean;
    }
  | { readonly call: 'close'; readonly fd: number }
  | { readonly call: 'write'; readonly fd: number; readonly data: Buffer; readonly at: number | null }
  | { readonly call: 'truncate'; readonly fd: number; readonly length: number }
  /** What was written before it began is on the disk. */
  | { readonly call: 'sync'; readonly fd: number }
  | { readonly call: 'rename' | 'link'; readonly from: string; readonly to: string }
  | { readonly call: 'unlink' | 'mkdir' | 'rmdir'; readonly path: string };

/** What strace is asked to tell; those that a processor doesn't have are left out (`?`). */
export const straceArguments: readonly string[] = [
  '-f',
  '-qq',
  '-xx',
  '-s',
  '4194304',
  '-e',
  'signal=none',
  '-e',
  `trace=${'open openat close write pwrite64 ftruncate fsync fdatasync rename renameat renameat2 link linkat unlink unlinkat mkdir mkdirat rmdir'
    .split(' ')
    .map((name) => `?${name}`)
    .join(',')}`,
];

const whole = /^(\d+) +(\w+)\((.*)\) += (-?\d+|\?)/;
const begun = /^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$/;
const resumed = /^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+|\?)/;

/** Reads the lines of `strace -o`. Calls that failed are left out; one that was cut in two lines counts where it ended. */
export function* readTrace(lines: Iterable<string>): Generator<FileCall> {
  const unfinished = new Map<string, string>();
  for (const line of lines) {
    const start = begun.exec(line);
    if (start !== null) {
      const [, pid = '', name = '', args = ''] = start;
      unfinished.set(pid, args);
      // The number is free, and may be another file's, before the call has ended.
      if (name === 'close') yield { call: 'close', fd: Number.parseInt(args, 10) };
      continue;
    }
    const end = resumed.exec(line);
    const [, pid = '', name = '', rest = '', result = ''] = end ?? whole.exec(line) ?? [];
    if (result === '' || result === '?' || Number(result) < 0) continue;
    if (end !== null && name === 'close') continue;
    const args = end === null ? rest : (unfinished.get(pid) ?? '') + rest;
    const call = callOf(name, args, Number(result));
    if (call !== null) yield call;
  }
}

function callOf(name: string, args: string, result: number): FileCall | null {
  const fd = Number.parseInt(args, 10);
  const texts = () => [...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map(([, hex]) => bytesOf(hex!));
  const paths = () => texts().map((bytes) => bytes.toString());
  switch (name) {
    case 'open':
    case 'openat':
      return {
        call: 'open',
        path: paths()[0] ?? '',
        fd: result,
        truncate: args.includes('O_TRUNC'),
        create: args.includes('O_CREAT'),
      };
    case 'close':
      return { call: 'close', fd };
    case 'write':
    case 'pwrite64': {
      const data = (texts()[0] ?? Buffer.alloc(0)).subarray(0, result);
      return { call: 'write', fd, data, at: name === 'write' ? null : Number(/(\d+)$/.exec(args)?.[1]) };
    }
    case 'ftruncate':
      return { call: 'truncate', fd, length: Number(/(\d+)$/.exec(args)?.[1]) };
    case 'fsync':
    case 'fdatasync':
      return { call: 'sync', fd };
    case 'rename':
    case 'renameat':
    case 'renameat2':
    case 'link':
    case 'linkat': {
      const [from = '', to = ''] = paths();
      return { call: name.startsWith('rename') ? 'rename' : 'link', from, to };
    }
    case 'unlink':
    case 'unlinkat':
      return { call: args.includes('AT_REMOVEDIR') ? 'rmdir' : 'unlink', path: paths()[0] ?? '' };
    case 'mkdir':
    case 'mkdirat':
      return { call: 'mkdir', path: paths()[0] ?? '' };
    case 'rmdir':
      return { call: 'rmdir', path: paths()[0] ?? '' };
    default:
      return null;
  }
}

/** strace's `-xx` writes every byte as `\xNN`. */
function bytesOf(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}
