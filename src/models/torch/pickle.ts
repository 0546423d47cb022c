import { TorchFileError } from './contract.ts';
import { operations, refusedOperations, type Machine } from './operations.ts';
import type { Value, Vocabulary } from './values.ts';

/** A state dict of 700 tensors takes 28,000 steps. */
const mostSteps = 1_000_000;

/**
 * Reads one pickle (protocols 2 to 5) from `start` on as plain values. It is no Python: operations that build objects of
 * other classes have no meaning here and end the reading, and a class or function is nothing but its name, which the
 * vocabulary must know. Time and memory are bounded by the file's length and the limits of `operations.ts`.
 *
 * Throws TorchFileError. Format: CPython's Lib/pickletools.py.
 */
export function readPickle(
  bytes: Uint8Array,
  start: number,
  vocabulary: Vocabulary,
): { readonly value: Value; readonly end: number } {
  const machine: Machine = {
    bytes,
    at: start,
    stack: [],
    marks: [],
    memo: new Map(),
    vocabulary,
    ended: false,
  };
  for (let step = 0; !machine.ended; step++) {
    if (step === mostSteps) throw new TorchFileError(`its pickle takes more than ${mostSteps} steps`);
    const code = bytes[machine.at];
    if (code === undefined) throw new TorchFileError('it ends in the middle of its pickle');
    machine.at++;
    const operation = operations[code];
    if (!operation) throw new TorchFileError(reasonFor(code, machine.at - 1));
    operation(machine);
  }
  const [value, ...more] = machine.stack;
  if (value === undefined || more.length > 0)
    throw new TorchFileError('its pickle does not end with one value');
  return { value, end: machine.at };
}

function reasonFor(code: number, at: number): string {
  const refused = refusedOperations[code];
  return refused === undefined
    ? `byte ${at}, 0x${code.toString(16).padStart(2, '0')}, is no operation of a pickle`
    : `its pickle has the operation ${refused} at byte ${at}, which a state dict does not need`;
}
