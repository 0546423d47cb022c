import type { Gate, Reason } from '../../../decide/contract.ts';

/** What the kiosk says: the answer in two or three words, and what the person should do next. */
export interface Saying {
  readonly title: string;
  readonly advice: string;
}

/** A gate, with its two sides told apart where they ask for the opposite. */
export type Shortfall = Exclude<Gate, 'exposure'> | 'too_dark' | 'too_bright';

/** Why a person is not let in, in the terms in which the kiosk answers. */
export type Refusal = Exclude<Reason, 'low_quality'>;

/** One language of the kiosk. A new one is a file like `en.ts` and a line in `words.ts`. */
export interface Words {
  readonly accepted: Saying;
  readonly refused: Readonly<Record<Refusal, Saying>>;
  /** For each gate of `low_quality`. */
  readonly shortfalls: Readonly<Record<Shortfall, Saying>>;
  readonly idle: Saying;
  readonly starting: Saying;
  readonly offline: Saying;
  readonly unauthorised: Saying;
  /** Beside the clock, in a word each. */
  readonly connected: string;
  readonly disconnected: string;
  /** For a screen reader: what the live picture is. */
  readonly preview: string;
  readonly fullScreen: string;
}
