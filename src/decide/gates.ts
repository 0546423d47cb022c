import type { Config } from '../config/schema.ts';
import type { DetectedFace, Quality } from '../vision/contract.ts';
import type { Gate } from './contract.ts';

export type GateLimits = Config['decision']['gates'];

/**
 * The first gate that a face fails, in their order, or null when it passes them all.
 * The limits themselves pass.
 */
export function failedGate(
  face: Pick<DetectedFace, 'probability'> & { readonly quality: Quality },
  limits: GateLimits,
): Gate | null {
  const { probability, quality } = face;
  const [darkest, brightest] = limits.brightness;
  if (probability < limits.probability) return 'probability';
  if (quality.size_px < limits.size_px) return 'size';
  if (quality.sharpness < limits.sharpness) return 'sharpness';
  if (quality.brightness < darkest || quality.brightness > brightest || quality.clipped > limits.clipped) {
    return 'exposure';
  }
  if (Math.abs(quality.yaw_deg) > limits.yaw_deg) return 'yaw';
  if (Math.abs(quality.pitch_deg) > limits.pitch_deg) return 'pitch';
  if (Math.abs(quality.roll_deg) > limits.roll_deg) return 'roll';
  if (quality.inside < limits.inside) return 'cut';
  // Last: where all else is well, something hides the face.
  if (quality.features !== null && quality.features < limits.features) return 'features';
  return null;
}
