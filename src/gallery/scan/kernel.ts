import { kernelBytes } from './kernel-bytes.ts';

/** The part of WebAssembly that is used here; TypeScript describes it for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => KernelMemory;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

export interface KernelMemory {
  readonly buffer: ArrayBuffer;
}

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

const pageBytes = 65_536;
/** What 32-bit pointers reach, pages. */
const mostPages = 65_536;

let module: object | undefined;

/** Memory of at least so many bytes, zeroed; null where WebAssembly has no room for them (4 GiB) or the machine hasn't. */
export function createKernelMemory(bytes: number): KernelMemory | null {
  const initial = Math.ceil(bytes / pageBytes);
  if (initial > mostPages) return null;
  try {
    return new WebAssembly.Memory({ initial });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

export function createKernel(memory: KernelMemory): Kernel {
  module ??= new WebAssembly.Module(Buffer.from(kernelBytes, 'base64'));
  return new WebAssembly.Instance(module, { gallery: { memory } }).exports as Kernel;
}
