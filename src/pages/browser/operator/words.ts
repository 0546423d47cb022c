import type { ShownEvent } from '../lib/contract.ts';
import type { Gate, Reason } from '../../../decide/contract.ts';

/** What the operator's page calls the reasons. In English only, like the log and the API. */
export const reasonNames: Readonly<Record<Reason, string>> = {
  no_face: 'no face',
  low_quality: 'low quality',
  unknown: 'unknown',
  ambiguous: 'ambiguous',
  spoof_suspected: 'spoof suspected',
  cooldown: 'cool-down',
  gallery_empty: 'gallery empty',
};

/** Which gate a reference photo fails, and what to do about it. */
export const gateAdvice: Readonly<Record<Gate, { readonly name: string; readonly advice: string }>> = {
  probability: { name: 'hardly a face', advice: 'Take a photo of the whole face from the front.' },
  size: { name: 'face too small', advice: 'Come closer, or take a photo with more pixels.' },
  sharpness: { name: 'blurred', advice: 'Hold still, wipe the lens, give more light.' },
  exposure: {
    name: 'too dark or too bright',
    advice: 'Turn towards an even light, without a window behind.',
  },
  yaw: { name: 'turned to the side', advice: 'Look straight into the camera.' },
  pitch: { name: 'looks up or down', advice: 'Look straight into the camera.' },
  roll: { name: 'head tilted', advice: 'Hold the head upright.' },
  features: {
    name: 'face covered or blurred',
    advice: 'Take off mask, sunglasses or scarf, and take a clear photo.',
  },
  cut: { name: 'cut by the edge', advice: 'Keep the whole head inside the photo.' },
};

/** `accepted`, `low quality: size` */
export function outcomeOf({
  decision,
  reason,
  gate,
}: Pick<ShownEvent, 'decision' | 'reason' | 'gate'>): string {
  if (decision === 'accepted' || reason === null) return decision;
  return gate === null ? reasonNames[reason] : `${reasonNames[reason]}: ${gate}`;
}
