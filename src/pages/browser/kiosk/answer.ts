import type { LiveStatus, ShownEvent } from '../lib/contract.ts';
import type { StationState } from '../../../telemetry/payloads.ts';
import type { Refusal, Saying, Shortfall, Words } from '../words/contract.ts';

/** How a screen looks and sounds: each has a colour and a sign of its own. */
export type Tone = 'idle' | 'wait' | 'good' | 'again' | 'refused' | 'offline';

export interface Screen extends Saying {
  readonly tone: Tone;
}

/** A capture that was decided later than this is no longer of the person before the screen, ms. */
const liveMs = 30_000;

/** A repeat is good news; what a new photo may mend asks for one; the others send the person to somebody. */
const toneOf: Readonly<Record<Refusal, Tone>> = {
  cooldown: 'good',
  no_face: 'again',
  ambiguous: 'again',
  unknown: 'refused',
  gallery_empty: 'refused',
  spoof_suspected: 'refused',
};

/** Whether an event is an answer to whoever stands there now, and not worked off from a backlog. */
export function isForNow(event: Pick<ShownEvent, 'captured_at' | 'decided_at'>): boolean {
  return Date.parse(event.decided_at) - Date.parse(event.captured_at) < liveMs;
}

/** What the screen says to an event. */
export function answerTo(
  event: Pick<ShownEvent, 'decision' | 'reason' | 'gate' | 'faces'>,
  words: Words,
): Screen {
  const { decision, reason } = event;
  if (decision === 'accepted' || reason === null) return { tone: 'good', ...words.accepted };
  if (reason === 'low_quality') return { tone: 'again', ...words.shortfalls[shortfallOf(event)] };
  return { tone: toneOf[reason], ...words.refused[reason] };
}

/** What the screen says while there is nothing to answer. */
export function screenWithout(status: LiveStatus, state: StationState | null, words: Words): Screen {
  if (status === 'unauthorised') return { tone: 'offline', ...words.unauthorised };
  if (status === 'offline') return { tone: 'offline', ...words.offline };
  if (status === 'live' && (state === 'ready' || state === 'degraded'))
    return { tone: 'idle', ...words.idle };
  return { tone: 'wait', ...words.starting };
}

function shortfallOf({ gate, faces }: Pick<ShownEvent, 'gate' | 'faces'>): Shortfall {
  if (gate === null) return 'probability';
  if (gate !== 'exposure') return gate;
  const brightness = faces[0]?.quality.brightness ?? 0;
  return brightness < 128 ? 'too_dark' : 'too_bright';
}
