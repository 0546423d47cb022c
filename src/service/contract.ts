/** Rejects, with a message for a person, when the pipeline does not get on. */
export type ProgressCheck = () => Promise<void>;

/**
 * Who has started the process and wants to know how it is: systemd (sd_notify), or nobody. Nothing here throws, and nothing is
 * waited for.
 */
export interface Service {
  /** It works from now on. `status` is what `systemctl status` shows. */
  ready(status: string): void;
  status(status: string): void;
  /**
   * Feeds the watchdog, if there is one, as long as the checks pass: a check that rejects, or does not come back, ends the
   * feeding, and the process is started anew. `patienceMs` is the longest that a sound check may take. Returns how to end the watch.
   */
  watch(check: ProgressCheck, patienceMs: number): () => void;
  stopping(): void;
}
