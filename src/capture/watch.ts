import { watch, type FSWatcher } from 'chokidar';

export interface FolderWatch {
  /** Watches the folder, or rests, by what is waiting now. Nothing is watched before the first call. */
  adapt(): Promise<void>;
  close(): Promise<void>;
}

export interface FolderWatchOptions {
  readonly dir: string;
  /** Ask the file system again and again, for network drives that don't report changes. */
  readonly polling: boolean;
  readonly pollIntervalMs: number;
  /** How many files of the folder are waiting to be worked off. */
  readonly backlog: () => number;
  /** A file appeared in the folder or changed. */
  readonly onFile: (path: string) => void;
  /** Changes are told from now on. What appeared before that may not be told. */
  readonly onWatching: () => void;
  readonly onError: (error: unknown) => void;
}

/**
 * With so many files waiting the watch rests, and with so few it begins anew. A watch beside a backlog cost up to 5 ms of processor time for
 * each photo that is put away; beginning anew costs about as much, once.
 */
const [busyBacklog, calmBacklog] = [4, 0];

/**
 * Watches one folder, not what lies in folders below it. Whenever a file is put away, chokidar looks at each that is left, so the watch
 * rests while some are waiting: what is new has its turn after them anyway, and is found by a scan then. The one door to chokidar.
 */
export function createFolderWatch(options: FolderWatchOptions): FolderWatch {
  let watcher: FSWatcher | null = null;
  let closed = false;

  return {
    async adapt() {
      if (closed) return;
      const backlog = options.backlog();
      if (watcher === null && backlog <= calmBacklog) watcher = begin();
      else if (backlog >= busyBacklog) await end();
    },
    async close() {
      closed = true;
      await end();
    },
  };

  function begin(): FSWatcher {
    const begun = watch(options.dir, {
      depth: 0,
      followSymlinks: false,
      // The folder's own scan finds what is there already, in order of age.
      ignoreInitial: true,
      usePolling: options.polling,
      interval: options.pollIntervalMs,
      binaryInterval: options.pollIntervalMs,
    });
    begun.on('add', options.onFile);
    begun.on('change', options.onFile);
    begun.on('error', options.onError);
    begun.once('ready', options.onWatching);
    return begun;
  }

  async function end(): Promise<void> {
    const ended = watcher;
    watcher = null;
    await ended?.close();
  }
}
