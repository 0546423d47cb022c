import type { Boxes } from './boxes.ts';

/** What the overlap of two boxes is measured against: their union, or the smaller of the two. */
export type OverlapMeasure = 'union' | 'smaller';

/**
 * Greedy non-maximum suppression: goes through the boxes from the highest score down and drops each one that
 * overlaps a kept one by more than `threshold`. Returns the indices of the kept boxes, the highest score
 * first.
 *
 * `union` measures as torchvision's `nms` does and prefers the earlier of two equal scores; `smaller` is the
 * 'Min' method of facenet-pytorch, which counts both end pixels of a side and prefers the later. Equal scores
 * are not rare: close to 1, single precision has few values left.
 */
export function suppress(boxes: Boxes, threshold: number, measure: OverlapMeasure): number[] {
  const { count, x1, y1, x2, y2 } = boxes;
  const inclusive = measure === 'smaller' ? 1 : 0;
  const order = byProbability(boxes, measure === 'smaller');
  const areas = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    areas[i] = (x2[i]! - x1[i]! + inclusive) * (y2[i]! - y1[i]! + inclusive);
  }

  const dropped = new Uint8Array(count);
  const kept: number[] = [];
  for (let rank = 0; rank < count; rank++) {
    const best = order[rank]!;
    if (dropped[best]) continue;
    kept.push(best);
    const left = x1[best]!;
    const top = y1[best]!;
    const right = x2[best]!;
    const bottom = y2[best]!;
    const area = areas[best]!;
    for (let next = rank + 1; next < count; next++) {
      const other = order[next]!;
      const width = Math.min(right, x2[other]!) - Math.max(left, x1[other]!) + inclusive;
      const height = Math.min(bottom, y2[other]!) - Math.max(top, y1[other]!) + inclusive;
      if (width <= 0 || height <= 0) continue;
      const shared = width * height;
      const whole = inclusive ? Math.min(area, areas[other]!) : area + areas[other]! - shared;
      if (shared > threshold * whole) dropped[other] = 1;
    }
  }
  return kept;
}

/** The indices of the boxes, the most probable first; of equal scores the earlier first, or the later. */
export function byProbability({ count, score }: Boxes, laterFirst = false): number[] {
  const tie = laterFirst ? 1 : -1;
  return Array.from({ length: count }, (_, i) => i).toSorted(
    (a, b) => score[b]! - score[a]! || tie * (b - a),
  );
}
