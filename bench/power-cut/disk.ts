import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { FileCall } from './trace.ts';

/**
 * A disk as a power cut finds it. It is given what a process did to its files, and keeps what of it must be on the disk apart from what
 * only may be, by the rules of a journaling file system (ext4 with data=ordered):
 *
 * - the content of a file is there up to its last fsync; of what was written since, any first part, or zeros in its place
 * - names (made, linked, renamed, removed) come to the disk in their order; an fsync of anything brings all before it
 * - between a rename and the content of the renamed file there is no order, unless the file was synced
 */
export interface Disk {
  apply(call: FileCall): void;
  /**
   * Writes what a power cut at this moment leaves of `root` into the folder `to`.
   *
   * @param random 0..1, decides what of the unsynced got there
   * @param timeOf the time of a file's own, s; null for any
   */
  cut(root: string, to: string, random: () => number, timeOf: (name: string) => number | null): Promise<void>;
}

interface File {
  /** As the process sees it. */
  content: Buffer;
  length: number;
  /** As it was when it was synced last. */
  synced: Buffer;
}

type Names = Map<string, File>;
type NameChange = (names: Names) => void;

/** What is not on the disk yet is lost or kept in blocks of this size. */
const blockBytes = 4096;

export function createDisk(): Disk {
  /** As the process sees them. */
  const names: Names = new Map();
  const folders = new Set<string>();
  /** What is on the disk for sure, and what follows in this order. */
  const durable: Names = new Map();
  let pending: NameChange[] = [];
  const open = new Map<number, { file: File | null; position: number }>();

  return {
    apply(call) {
      switch (call.call) {
        case 'open':
          openFile(call);
          break;
        case 'close':
          open.delete(call.fd);
          break;
        case 'write':
          write(call);
          break;
        case 'truncate': {
          const file = open.get(call.fd)?.file;
          if (file != null) resize(file, call.length);
          break;
        }
        case 'sync':
          sync(call.fd);
          break;
        case 'rename':
          change((all) => {
            for (const [path, file] of Array.from(all)) {
              if (path !== call.from && !path.startsWith(`${call.from}/`)) continue;
              all.delete(path);
              all.set(call.to + path.slice(call.from.length), file);
            }
          });
          break;
        case 'link':
          change((all) => {
            const file = all.get(call.from);
            if (file !== undefined) all.set(call.to, file);
          });
          break;
        case 'unlink':
          change((all) => all.delete(call.path));
          break;
        case 'mkdir':
          folders.add(call.path);
          break;
        case 'rmdir':
          folders.delete(call.path);
          break;
      }
    },

    async cut(root, to, random, timeOf) {
      const found: Names = new Map(durable);
      for (const each of pending.slice(0, Math.floor(some(random) * (pending.length + 1)))) each(found);
      for (const folder of folders)
        if (folder.startsWith(`${root}/`))
          await mkdir(join(to, folder.slice(root.length)), { recursive: true });
      await mkdir(to, { recursive: true });
      for (const [path, file] of found) {
        if (!path.startsWith(`${root}/`)) continue;
        const target = join(to, path.slice(root.length));
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, contentAfterCut(file, random));
        const time = timeOf(basename(path));
        if (time !== null) await utimes(target, time, time);
      }
    },
  };

  function openFile({ path, fd, truncate, create }: Extract<FileCall, { call: 'open' }>): void {
    let file = names.get(path) ?? null;
    if (file === null && create) {
      const made: File = { content: Buffer.alloc(0), length: 0, synced: Buffer.alloc(0) };
      file = made;
      change((all) => all.set(path, made));
    } else if (file !== null && truncate) resize(file, 0);
    open.set(fd, { file, position: 0 });
  }

  function write({ fd, data, at }: Extract<FileCall, { call: 'write' }>): void {
    const handle = open.get(fd);
    if (handle?.file == null) return;
    const { file } = handle;
    const from = at ?? handle.position;
    resize(file, Math.max(file.length, from + data.length));
    data.copy(file.content, from);
    if (at === null) handle.position = from + data.length;
  }

  function sync(fd: number): void {
    const handle = open.get(fd);
    if (handle === undefined) return;
    if (handle.file !== null)
      handle.file.synced = Buffer.from(handle.file.content.subarray(0, handle.file.length));
    // The journal is committed as a whole.
    for (const each of pending) each(durable);
    pending = [];
  }

  function change(how: NameChange): void {
    how(names);
    pending.push(how);
  }
}

function resize(file: File, length: number): void {
  if (length > file.content.length) {
    const larger = Buffer.alloc(Math.max(length, file.content.length * 2, blockBytes));
    file.content.copy(larger, 0, 0, file.length);
    file.content = larger;
  }
  if (length < file.length) file.content = Buffer.from(file.content.subarray(0, length));
  file.length = length;
}

/** None, all, or a part: the ends are the likeliest mistakes. */
function some(random: () => number): number {
  const kind = random();
  if (kind < 1 / 3) return 0;
  return kind < 2 / 3 ? 1 - Number.EPSILON : random();
}

function contentAfterCut({ content, length, synced }: File, random: () => number): Buffer {
  const now = content.subarray(0, length);
  const isGrown = now.length >= synced.length && now.subarray(0, synced.length).equals(synced);
  if (!isGrown) return random() < 0.5 ? synced : now;
  const kept = synced.length + Math.floor(some(random) * (now.length - synced.length + 1));
  const left = Buffer.from(now.subarray(0, kept));
  // Blocks whose length is known to the file system, and whose content is not.
  const firstBlock = Math.ceil(synced.length / blockBytes) * blockBytes;
  for (let at = firstBlock; at < left.length; at += blockBytes)
    if (random() < 0.2) left.fill(0, at, Math.min(left.length, at + blockBytes));
  return left;
}
