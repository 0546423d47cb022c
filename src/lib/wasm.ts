/** The part of WebAssembly that is used here; TypeScript describes it for browsers only. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

export interface WasmMemory {
  /** Another one after `grow`. */
  readonly buffer: ArrayBuffer;
  grow(pages: number): void;
}

const pageBytes = 65_536;
/** What 32-bit pointers reach, pages. */
const mostPages = 65_536;

/** Memory of at least so many bytes, zeroed; null where WebAssembly has no room for them (4 GiB) or the machine hasn't. */
export function createWasmMemory(bytes: number): WasmMemory | null {
  const initial = Math.ceil(bytes / pageBytes);
  if (initial > mostPages) return null;
  try {
    return new WebAssembly.Memory({ initial });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** Sees to it that a memory has at least so many bytes. Views of it made before are no longer valid. Throws a RangeError where there is no room. */
export function growWasmMemory(memory: WasmMemory, bytes: number): void {
  const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
  if (missing > 0) memory.grow(missing);
}

/** Compiles a module of the `wasm` folder, as base64, and returns what makes it work on a memory, with its exported functions. */
export function createWasmModule(bytes: string, importedFrom: string): (memory: WasmMemory) => unknown {
  let module: object | undefined;
  return (memory) => {
    module ??= new WebAssembly.Module(Buffer.from(bytes, 'base64'));
    return new WebAssembly.Instance(module, { [importedFrom]: { memory } }).exports;
  };
}
