import { describe, expect, it } from 'vitest';
import { createVisits } from '../../src/decide/visits.ts';
import { seededRandom } from '../../src/lib/random.ts';
import type { MatchedFace } from '../../src/decide/contract.ts';
import { face, policy } from '../support/events.ts';

const left: [number, number, number, number] = [100, 100, 200, 220];
const right: [number, number, number, number] = [500, 100, 590, 210];
const far: [number, number, number, number] = [900, 400, 1000, 520];
const alice = (box = left) => face([['alice', 0.7]], { box });
const bob = (box = left) => face([['bob', 0.7]], { box });
const stranger = (box = left) => face([['alice', 0.1]], { box });
const blurred = (box = left) => face([['alice', 0.7]], { box, quality: { sharpness: 3 } });

/** A camera of ten frames a second; `outcomes` says what was decided and when. */
function camera(which: 'largest' | 'every' = 'largest') {
  const visits = createVisits<null>();
  const now = { ms: 0 };
  const said: string[] = [];
  const rules = { ...policy, policy: which };
  const note = (outcomes: ReturnType<typeof visits.see>) => {
    for (const { decision, frame } of outcomes) {
      const what = decision.decision === 'accepted' ? decision.subject : decision.reason;
      said.push(`${what} at ${frame.at}`);
    }
  };
  return {
    said,
    visits,
    see(count: number, ...faces: readonly MatchedFace[]) {
      for (let n = 0; n < count; n += 1) {
        note(visits.see({ at: now.ms, faces, of: null }, rules, false));
        now.ms += 100;
      }
    },
    wait(ms: number) {
      now.ms += ms;
    },
    end: () => note(visits.end(rules)),
  };
}

describe('visits', () => {
  it('check a person in once, however long they stand there', () => {
    const door = camera();
    door.see(1000, alice());
    expect(door.said).toEqual(['alice at 200']);
    door.end();
    expect(door.said).toHaveLength(1);
  });

  it('tell of a stranger once', () => {
    const door = camera();
    door.see(1000, stranger());
    expect(door.said).toEqual(['unknown at 2000']);
  });

  it('begin anew when the person was gone', () => {
    const door = camera();
    door.see(5, alice());
    door.see(20);
    door.see(5, alice());
    door.see(31);
    door.see(5, alice());
    expect(door.said).toEqual(['alice at 200', 'alice at 6300']);
  });

  it('follow a person over the whole picture, by place and by face', () => {
    const door = camera();
    for (let step = 0; step < 40; step += 1) {
      const x = 100 + step * 40;
      door.see(1, (step % 2 === 0 ? alice : blurred)([x, 100, x + 100, 220]));
    }
    expect(door.said).toEqual(['alice at 400']);
    door.see(3, alice(left));
    expect(door.said).toHaveLength(1);
  });

  it('accept a person who is recognised after they were rejected, but reject nobody twice', () => {
    const door = camera();
    door.see(30, stranger());
    door.see(40, alice());
    door.see(60, stranger());
    expect(door.said.slice(0, 2)).toEqual(['unknown at 2000', 'alice at 4200']);
  });

  it('tell two people apart who follow each other at the same place', () => {
    const door = camera();
    door.see(10, alice());
    door.see(10, bob());
    door.see(10, alice());
    expect(door.said).toEqual(['alice at 200', 'bob at 1200']);
  });

  it('see a stranger who takes the place of an accepted person', () => {
    const door = camera();
    door.see(10, alice());
    door.see(80, stranger());
    expect(door.said).toEqual(['alice at 200', 'unknown at 6000']);
  });

  it('let a turned head be the accepted person', () => {
    const door = camera();
    door.see(10, alice());
    door.see(200, blurred());
    door.see(10, alice());
    door.see(25, stranger());
    expect(door.said).toEqual(['alice at 200']);
  });

  it('say why nobody could be recognised when the visit is over, and nothing of a glimpse', () => {
    const door = camera();
    door.see(10, blurred());
    expect(door.said).toEqual([]);
    door.see(40);
    expect(door.said).toEqual(['low_quality at 900']);
    door.see(2, blurred());
    door.see(40);
    expect(door.said).toHaveLength(1);
  });

  it('end with what there is when the camera stands still or the station stops', () => {
    const door = camera();
    door.see(5, stranger());
    door.wait(60_000);
    door.see(1);
    expect(door.said).toEqual(['unknown at 400']);
    door.see(5, stranger());
    door.end();
    expect(door.said).toHaveLength(2);
  });

  it('follow the largest face only, unless every one is asked for', () => {
    const largest = camera('largest');
    largest.see(30, alice(left), bob(right), stranger(far));
    expect(largest.said).toEqual(['alice at 200']);
    const every = camera('every');
    every.see(30, alice(left), bob(right), stranger(far));
    expect(every.said.toSorted()).toEqual(['alice at 200', 'bob at 200', 'unknown at 2000']);
  });

  it('keep the visit of a person while somebody stands in front of them', () => {
    const door = camera();
    const near = (box: [number, number, number, number]) => bob([box[0] - 50, 0, box[2] + 50, 400]);
    door.see(10, alice(left));
    door.see(60, alice(left), near(right));
    door.see(10, alice(left));
    expect(door.said).toEqual(['alice at 200', 'bob at 1200']);
  });

  it('ask for every frame while somebody is undecided, and for few while somebody only stands there', () => {
    const door = camera();
    expect(door.visits.attention()).toBe('motion');
    door.see(1, alice());
    expect(door.visits.attention()).toBe('every-frame');
    door.see(5, alice());
    expect(door.visits.attention()).toBe('now-and-then');
    expect(door.visits.boxes()).toEqual([left]);
    door.see(40);
    expect(door.visits.attention()).toBe('motion');
    door.see(99, blurred());
    expect(door.visits.attention()).toBe('every-frame');
    door.see(5, blurred());
    expect(door.visits.attention()).toBe('now-and-then');
  });

  it('check a known person in exactly once, whatever noise is in their frames', () => {
    const random = seededRandom(7);
    for (let run = 0; run < 200; run += 1) {
      const door = camera(run % 2 === 0 ? 'largest' : 'every');
      let x = 400;
      for (let n = 0; n < 60; n += 1) {
        x += (random() - 0.5) * 60;
        const box: [number, number, number, number] = [x, 100, x + 100, 220];
        const dice = random();
        door.see(1, (dice < 0.05 ? stranger : dice < 0.35 ? blurred : alice)(box));
      }
      door.see(40);
      expect(door.said.map((line) => line.split(' ')[0])).toEqual(['alice']);
    }
  });
});
