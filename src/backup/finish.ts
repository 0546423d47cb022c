import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import { MusterError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Store } from '../store/contract.ts';
import { finishSwap, interruptedRestore } from './swap.ts';

/** Ends a restore that was interrupted after it had been decided. For a station that starts. */
export async function finishRestore(config: Pick<Config, 'data_dir'>, log: Log): Promise<void> {
  if ((await interruptedRestore(config.data_dir)) === null) return;
  const replaced = await withStore(config.data_dir, () => finishSwap(config.data_dir));
  log.warn({ replaced }, 'a restore that was interrupted was brought to its end');
}

/** The store belongs to one process: while it is open here, no station runs. */
export async function withStore<T>(dataDir: string, work: (store: Store) => Promise<T>): Promise<T> {
  // A start has seldom to do with it here, and its library takes as long to load as all else of this.
  const { createStore } = await import('../store/store.ts');
  const store = createStore(join(dataDir, 'state'));
  await store.open().catch((error: unknown) => {
    if (!(error instanceof MusterError) || error.code !== 'store_locked') throw error;
    throw new MusterError('store_locked', `the station on ${dataDir} is running`, {
      remedy: 'Stop it first: sudo systemctl stop muster. Nothing was changed.',
      cause: error,
    });
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
