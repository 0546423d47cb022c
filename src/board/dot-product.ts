import { readText, type ReadText } from './topology.ts';

/** Instructions that add up products of 8-bit numbers, by their names in /proc/cpuinfo: of x86, then of arm64. */
const names = ['avx_vnni', 'avx512_vnni', 'i8mm', 'asimddp'] as const;

/** Which such instructions the processor has, by the kernel's name; null: none, or the kernel doesn't tell. Never rejects. */
export async function readDotProduct(read: ReadText = readText): Promise<string | null> {
  const [line = ''] = /^(flags|Features)\b.*$/m.exec((await read('/proc/cpuinfo')) ?? '') ?? [];
  const has = new Set(line.split(/\s+/));
  return names.find((name) => has.has(name)) ?? null;
}
