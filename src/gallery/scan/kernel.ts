import { createWasmModule, type WasmMemory } from '../../lib/wasm.ts';
import { kernelBytes } from './kernel-bytes.ts';

/** The functions of wasm/search.wat, which says what they do. Pointers are byte offsets in the memory. */
export interface Kernel {
  quantise(
    rows: number,
    dimension: number,
    count: number,
    codes: number,
    scales: number,
    losts: number,
  ): void;
  scanInt8(
    codes: number,
    scales: number,
    losts: number,
    dimension: number,
    first: number,
    count: number,
    probe: number,
    step: number,
    reach: number,
    slack: number,
    floor: number,
    out: number,
  ): number;
  scanFloat32(
    rows: number,
    dimension: number,
    first: number,
    count: number,
    probe: number,
    slack: number,
    floor: number,
    out: number,
  ): number;
  /** Reads float32 from `at` to `end` in order: for the benchmark, what memory can do. */
  sum(at: number, end: number): number;
}

const instantiate = createWasmModule(kernelBytes, 'gallery');

export function createKernel(memory: WasmMemory): Kernel {
  return instantiate(memory) as Kernel;
}
