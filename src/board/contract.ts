/** One processor that this process may use. */
export interface Core {
  /** The kernel's number of it. */
  readonly id: number;
  /** Its speed as a share of the board's fastest, 0..1. */
  readonly speed: number;
}

/** How many threads one inference gets, and where they run. */
export interface ThreadPlan {
  readonly threads: number;
  /** Numbers of the cores that the vision thread is kept on; null: anywhere. */
  readonly cpus: readonly number[] | null;
  /** For a person, such as `4 fast cores of 8`. */
  readonly reason: string;
}
