/** A row of a subject, with a value that is its similarity or less. */
export interface Leader {
  readonly subject: number;
  readonly row: number;
  readonly value: number;
}

/** The rows with the largest values that were offered so far, one of each subject. */
export interface Leaders {
  offer(leader: Leader): void;
  /** The least value of them; −Infinity while there are fewer than wanted. */
  floor(): number;
  /** The largest first; of equal ones the subject that comes first. */
  all(): readonly Leader[];
}

/** Keeps the `count` largest. */
export function createLeaders(count: number): Leaders {
  const leaders: Leader[] = [];
  return {
    offer(leader) {
      if (leaders.length === count && !isBefore(leader, leaders[count - 1]!)) return;
      const known = leaders.findIndex(({ subject }) => subject === leader.subject);
      if (known >= 0) {
        if (leader.value <= leaders[known]!.value) return;
        leaders.splice(known, 1);
      }
      let place = leaders.length;
      while (place > 0 && isBefore(leader, leaders[place - 1]!)) place -= 1;
      leaders.splice(place, 0, leader);
      if (leaders.length > count) leaders.pop();
    },
    floor: () => (leaders.length < count ? Number.NEGATIVE_INFINITY : leaders[count - 1]!.value),
    all: () => leaders,
  };
}

function isBefore(a: Leader, b: Leader): boolean {
  return a.value > b.value || (a.value === b.value && a.subject < b.subject);
}
