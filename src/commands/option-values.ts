import { InvalidArgumentError } from 'commander';

/** Reads the value of an option that is a whole number. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return numberOf(least, most, 'a whole number', Number.isInteger);
}

/** Reads the value of an option that is any number. */
export function numberWithin(least: number, most: number = Number.MAX_VALUE): (text: string) => number {
  return numberOf(least, most, 'a number', () => true);
}

function numberOf(least: number, most: number, what: string, fits: (value: number) => boolean) {
  const range = most >= Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && fits(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be ${what} ${range}.`);
  };
}
