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

/**
 * An ordered key-value store on disk that belongs to one process at a time. Keys are in UTF-8 order.
 * A batch is written as a whole or not at all; once a durable batch resolved it survives a power cut.
 */
export interface Store {
  /**
   * Opens the store. One that a power cut damaged is repaired, or set aside where that fails; what was done is
   * returned, null where it was sound. Throws MusterError `store_locked` or `store_unusable`.
   */
  open(): Promise<StoreDamage | null>;
  get(key: string): Promise<string | undefined>;
  batch(writes: readonly Write[], options: { readonly durable: boolean }): Promise<void>;
  entries(range: Range): AsyncIterable<readonly [key: string, value: string]>;
  keys(range: Range): AsyncIterable<string>;
  close(): Promise<void>;
}

export interface StoreDamage {
  readonly outcome: 'repaired' | 'set_aside';
  readonly reason: string;
  /** Where the damaged store was put, with `set_aside`. */
  readonly path?: string;
}
