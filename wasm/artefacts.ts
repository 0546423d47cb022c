import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import wabt from 'wabt';
import type { Artefact } from '../src/lib/artefact.ts';
import { packageRoot } from '../src/lib/package.ts';

/** The WebAssembly text of this folder as modules that the program carries with it, so that nothing is assembled where it runs. */
const kernels = [
  { source: 'wasm/area.wat', path: 'src/vision/area-bytes.ts', name: 'areaBytes' },
  { source: 'wasm/jpeg.wat', path: 'src/vision/jpeg/kernel-bytes.ts', name: 'kernelBytes' },
  { source: 'wasm/search.wat', path: 'src/gallery/scan/kernel-bytes.ts', name: 'kernelBytes' },
] as const;

const assembler = await wabt();

export const kernelArtefacts: readonly Artefact[] = kernels.map(({ source, path, name }) => ({
  path,
  text() {
    const text = readFileSync(join(packageRoot, source), 'utf8');
    const { buffer } = assembler.parseWat(source, text, { simd: true }).toBinary({});
    return `// Made of ${source} by \`npm run generate\`.\nexport const ${name} =\n  '${Buffer.from(buffer).toString('base64')}';\n`;
  },
}));
