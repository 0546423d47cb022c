/** One write of a batch. A value of `undefined` deletes the key. */
export interface Write {
  readonly key: string;
  readonly value: string | undefined;
}

export interface Range {
  /** First key, included. */
  readonly gte?: string;
  /** End, excluded. */
  readonly lt?: string;
  readonly limit?: number;
  readonly reverse?: boolean;
}

export interface WriteOptions {
  readonly durable: boolean;
  /** The opening whose content the writes were made from: they are refused where the store was opened anew since. */
  readonly opening?: number;
}

/**
 * An ordered key-value store on disk that belongs to one process at a time. Keys are in UTF-8 order.
 * A batch is written as a whole or not at all; once a durable batch resolved it survives a power cut.
 *
 * It recovers by itself while it is open. After a batch that failed (a full disk, say) it takes no more writes until it has opened its
 * files anew, which it does with the next write that finds room on the disk; until then it goes on reading. Damage that is
 * found while it runs is repaired, or the store set aside, as in `open`. Other operations wait meanwhile.
 */
export interface Store {
  /**
   * Opens the store. One that a power cut damaged is repaired, or set aside where that fails; what was done is
   * returned, null where it was sound. Throws MusterError `store_locked`, `store_full` or `store_unusable`.
   */
  open(): Promise<StoreDamage | null>;
  get(key: string): Promise<string | undefined>;
  /** Where it rejects, the batch may still be found after the next opening. Rejects with MusterError `store_reopened`, see WriteOptions. */
  batch(writes: readonly Write[], options: WriteOptions): Promise<void>;
  /** Deletes every key of the range, not durably; faster than a batch where there are many. Rejects as `batch`. */
  clear(range: { readonly gte: string; readonly lt: string }): Promise<void>;
  /** Read in parts: what is written meanwhile may be among them or not. */
  entries(range: Range): AsyncIterable<readonly [key: string, value: string]>;
  keys(range: Range): AsyncIterable<string>;
  /** Gives back the room of what was deleted. Reads and writes go on meanwhile. */
  compact(): Promise<void>;
  /** Resolves when it takes writes, with the number of its opening. Rejects where it can't yet, as on a disk that is still full. */
  writable(): Promise<number>;
  /** Calls back after each opening but the first: what failed or was damaged before may be gone or may be there. */
  onReopened(listener: (damage: StoreDamage | null) => void): void;
  close(): Promise<void>;
}

export interface StoreDamage {
  readonly outcome: 'repaired' | 'set_aside';
  readonly reason: string;
  /** Where the damaged store was put, with `set_aside`. */
  readonly path?: string;
}
