/** One processor that this process may use. */
export interface Core {
  /** The kernel's number of it. */
  readonly id: number;
  /** Its speed as a share of the board's fastest, 0..1. */
  readonly speed: number;
  /** Cores of one cluster share their cache and their clock. Null where the kernel does not tell. */
  readonly cluster: number | null;
}

/** How many threads one inference gets, and where they run. */
export interface ThreadPlan {
  readonly threads: number;
  /** Numbers of the cores that the vision thread is kept on; null: anywhere. */
  readonly cpus: readonly number[] | null;
  /** For a person, such as `4 fast cores of 8`. */
  readonly reason: string;
}

/** What of the kernel's files is read, so that a test can give another board's. */
export interface BoardFiles {
  /** A file's text; null where it can't be read. */
  readonly text: (path: string) => Promise<string | null>;
  /** Names in a folder; empty where there is none. */
  readonly list: (path: string) => Promise<readonly string[]>;
}

/** Why the board is slower at this moment than it could be: too hot, or short of power. `unknown`: it does not tell. */
export type Throttling = 'none' | 'heat' | 'power' | 'unknown';
