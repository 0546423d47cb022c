/** The largest values of different subjects that were offered so far. */
export interface Leaders {
  offer(subject: number, value: number): void;
  /** The least of them; −Infinity while there are fewer than wanted. */
  floor(): number;
}

/** Keeps the `count` largest. */
export function createLeaders(count: number): Leaders {
  const subjects: number[] = [];
  const values: number[] = [];
  return {
    offer(subject, value) {
      if (values.length === count && value <= values[count - 1]!) return;
      const before = subjects.indexOf(subject);
      if (before >= 0) {
        if (value <= values[before]!) return;
        subjects.splice(before, 1);
        values.splice(before, 1);
      } else if (values.length === count) {
        subjects.pop();
        values.pop();
      }
      let place = values.length;
      while (place > 0 && values[place - 1]! < value) place -= 1;
      subjects.splice(place, 0, subject);
      values.splice(place, 0, value);
    },
    floor: () => (values.length < count ? Number.NEGATIVE_INFINITY : values[count - 1]!),
  };
}
