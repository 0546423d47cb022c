/** One thing that is to be so on the machine. Doing it again changes nothing. */
export interface Step {
  /** Such as `/etc/muster/station.yaml`. */
  readonly what: string;
  /** What has to be done, in a word such as `write`; null when it is so already. */
  needed(): Promise<string | null>;
  apply(): Promise<void>;
}

export interface StepOutcome {
  readonly what: string;
  /** `as it is`, or what was done or, in a dry run, would be. */
  readonly outcome: string;
}

/** The two services that can be set up. */
export type ServiceName = 'muster' | 'muster-bridge';
