import { readdir } from 'node:fs/promises';
import type { BoardFiles } from './contract.ts';
import { readText } from './topology.ts';

/** Those of the machine that this runs on. */
export const thisBoard: BoardFiles = {
  text: readText,
  list: (path) => readdir(path).catch(() => []),
};
