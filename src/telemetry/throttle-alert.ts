import type { Alerts } from './alerts.ts';

const causes = {
  heat: 'it is too hot. Give it a heat sink or a fan, and air',
  power: 'its power supply is too weak. Use the supply of the board, and a short cable',
} as const;

/**
 * Raises the alert of a board that has made itself slower, and clears it when that is over (null).
 *
 * @param cameraFps the frames a second that are looked at meanwhile; null without a camera
 */
export function alertOfThrottling(
  cause: keyof typeof causes | null,
  { alerts, cameraFps }: { readonly alerts: Alerts; readonly cameraFps: number | null },
): void {
  if (cause === null) return alerts.clear('board-throttled');
  const meanwhile =
    cameraFps === null ? '' : ` Until it is over, ${cameraFps} frames a second are looked at.`;
  alerts.raise(
    'board-throttled',
    'warning',
    `the board has made itself slower: ${causes[cause]}.${meanwhile}`,
  );
}
