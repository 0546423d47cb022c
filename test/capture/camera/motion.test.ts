import { describe, expect, it } from 'vitest';
import {
  createMotionGate,
  thumbnailHeight,
  thumbnailWidth,
  type Sensitivity,
} from '../../../src/capture/camera/motion.ts';
import { seededRandom } from '../../../src/lib/random.ts';

const random = seededRandom(3);

/** A scene with some structure; `person` is a dark rectangle, px from the left. */
function scene({
  noise = 3,
  brighter = 0,
  person = null as number | null,
  width = 14,
  opacity = 1,
  tree = 0,
} = {}): Uint8Array {
  const picture = new Uint8Array(thumbnailWidth * thumbnailHeight);
  for (let y = 0; y < thumbnailHeight; y += 1) {
    for (let x = 0; x < thumbnailWidth; x += 1) {
      let level = 90 + 40 * Math.sin(x / 9) + 30 * Math.cos(y / 7) + brighter;
      if (person !== null && x >= person && x < person + width && y > 10)
        level += (30 + brighter - level) * opacity;
      if (x > 60 && y < 15) level += (random() - 0.5) * tree;
      picture[y * thumbnailWidth + x] = Math.max(0, Math.min(255, level + (random() - 0.5) * 2 * noise));
    }
  }
  return picture;
}

/** A gate that knows the empty scene. */
function gate(sensitivity: Sensitivity = 'medium', empty: Parameters<typeof scene>[0] = {}) {
  const made = createMotionGate(sensitivity);
  for (let n = 0; n < 60; n += 1) made.look(scene(empty));
  return made;
}

describe('the motion gate', () => {
  it('lets the first picture pass', () => {
    expect(createMotionGate('medium').look(scene())).toBe('moved');
  });

  it.each([3, 8])('stays shut before an empty doorway with noise of %d levels', (noise) => {
    const door = gate('medium', { noise });
    door.analysed();
    const glances = Array.from({ length: 300 }, () => door.look(scene({ noise })));
    expect(glances.filter((glance) => glance !== 'same')).toEqual([]);
  });

  it('opens at once when somebody comes, from whatever side, and while they move', () => {
    for (const from of [0, 33, 64]) expect(gate().look(scene({ person: from }))).toBe('moved');
    const door = gate();
    for (let x = 0; x < 60; x += 2) expect(door.look(scene({ person: x })), `at ${x}`).toBe('moved');
  });

  it('takes no notice of a light that is switched or a cloud', () => {
    const door = gate();
    for (const brighter of [5, 10, 20, 30, 30, 10, -10, -20])
      expect(door.look(scene({ brighter }))).not.toBe('moved');
    expect(door.look(scene({ brighter: -20, person: 30 }))).toBe('moved');
  });

  it('gets used to what was put down, and sees it taken away', () => {
    const door = gate();
    const looks = Array.from({ length: 120 }, () => door.look(scene({ person: 40 })));
    expect(looks[0]).toBe('moved');
    expect(looks.slice(60)).not.toContain('moved');
    expect(door.look(scene())).toBe('moved');
  });

  it('gets used to a tree in the wind, and sees a person before it', () => {
    const door = createMotionGate('medium');
    for (let n = 0; n < 200; n += 1) door.look(scene({ tree: 120 }));
    const looks = Array.from({ length: 100 }, () => door.look(scene({ tree: 120 })));
    expect(looks.filter((glance) => glance === 'moved').length).toBeLessThan(5);
    expect(door.look(scene({ tree: 120, person: 20 }))).toBe('moved');
  });

  it('sees smaller things the more sensitive it is', () => {
    const small = { person: 31, width: 3 };
    expect(gate('low').look(scene(small))).not.toBe('moved');
    expect(gate('high').look(scene(small))).toBe('moved');
  });

  it('tells what has changed since the analysed picture, however slowly, and not what only becomes brighter', () => {
    const door = gate();
    expect(door.look(scene())).toBe('changed');
    door.analysed();
    for (let brighter = 0; brighter <= 20; brighter += 0.25)
      expect(door.look(scene({ brighter }))).toBe('same');
    // A face that was in the dark may be seen in another light.
    for (let brighter = 20; brighter <= 40; brighter += 0.25) door.look(scene({ brighter }));
    expect(door.look(scene({ brighter: 40 }))).toBe('changed');
    door.analysed();
    expect(door.look(scene({ brighter: 40 }))).toBe('same');
    door.forget();
    expect(door.look(scene({ brighter: 40 }))).toBe('changed');
  });

  // Two pictures a second, a look at what has changed after five seconds: as the camera's source does it.
  it.each<[how: string, sensitivity: Sensitivity, at: (share: number) => Parameters<typeof scene>[0]]>([
    ['appears', 'medium', (opacity) => ({ person: 33, opacity })],
    ['appears in the noise', 'medium', (opacity) => ({ person: 33, noise: 8, opacity })],
    ['appears far away', 'medium', (opacity) => ({ person: 33, width: 5, opacity })],
    ['appears before a restless scene', 'low', (opacity) => ({ person: 33, tree: 60, opacity })],
    ['creeps in', 'medium', (share) => ({ person: -14 + 40 * share })],
  ])('lets somebody who %s within a minute be seen whole (%s)', (_how, sensitivity, at) => {
    for (const seconds of [15, 60, 300]) {
      const door = gate(sensitivity, at(0));
      door.look(scene(at(0)));
      door.analysed();
      let lookedAt = 0;
      let lastShare = 0;
      for (let n = 1; n <= 2 * seconds + 60; n += 1) {
        const share = Math.min(1, n / (2 * seconds));
        const glance = door.look(scene(at(share)));
        if (glance === 'same' || (glance === 'changed' && n - lookedAt < 10)) continue;
        door.analysed();
        lookedAt = n;
        lastShare = share;
      }
      expect(lastShare, `in ${seconds} s`).toBeGreaterThan(0.85);
    }
  });
});
