/** One check of the self-test. */
export interface SelfCheck {
  readonly name: string;
  /** Resolves with words on what was found; a rejection is a failed check, whose message says why. */
  readonly run: () => Promise<string>;
}
