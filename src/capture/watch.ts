import { watch } from 'chokidar';

export interface FolderWatch {
  /** Resolves when changes are told from now on. What appeared before that may not be told. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export interface FolderWatchOptions {
  readonly dir: string;
  /** Ask the file system again and again, for network drives that don't report changes. */
  readonly polling: boolean;
  readonly pollIntervalMs: number;
  /** A file appeared in the folder or changed. */
  readonly onFile: (path: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Watches one folder, not what lies in folders below it. The one door to chokidar. */
export function watchFolder(options: FolderWatchOptions): FolderWatch {
  const watcher = watch(options.dir, {
    depth: 0,
    followSymlinks: false,
    // The folder's own scan finds what is there already, in order of age.
    ignoreInitial: true,
    usePolling: options.polling,
    interval: options.pollIntervalMs,
    binaryInterval: options.pollIntervalMs,
  });
  watcher.on('add', options.onFile);
  watcher.on('change', options.onFile);
  watcher.on('error', options.onError);
  const ready = new Promise<void>((resolve) => {
    watcher.once('ready', resolve);
  });
  return { ready, close: () => watcher.close() };
}
