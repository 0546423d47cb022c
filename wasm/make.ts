import { keepArtefacts } from '../src/lib/keep-artefacts.ts';
import { kernelArtefacts } from './artefacts.ts';

/**
 * Assembles the WebAssembly of this folder: `node dist/wasm/make.js`. With `--check` it writes nothing, names the files
 * that are stale, and ends with 1 when there are any.
 */
await keepArtefacts(kernelArtefacts);
