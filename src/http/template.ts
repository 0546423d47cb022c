import { parseTemplates } from '../gallery/template-file.ts';
import { fromLittleEndian } from '../gallery/float32.ts';
import { messageOf, MusterError } from '../lib/errors.ts';
import { readTensor } from '../models/torch/read.ts';
import type { Embedding, VisionInfo } from '../vision/contract.ts';
import { toUnitLength } from '../vision/embedding.ts';
import { readNpy } from './npy.ts';
import { HttpProblem } from './problem.ts';

/**
 * The embeddings of one person in an uploaded template, told by its first bytes: the document that `muster gallery export`
 * writes, a .npy or .pt file of one vector, or the raw little-endian float32 of one. Nothing of it is executed.
 *
 * Only the document says what made it. Of the others the length is looked at, and the vector is brought to length 1.
 *
 * Throws HttpProblem `template_invalid`, `template_dimension`, `template_fingerprint` or `several_subjects`.
 */
export function readTemplate(bytes: Uint8Array, model: VisionInfo): readonly Embedding[] {
  if (bytes.length === 0) throw invalid('it is empty');
  const first = bytes.find((byte) => !isSpace(byte));
  if (first === 0x7b && startsAsText(bytes)) return fromDocument(bytes, model);
  return [embeddingOf(vectorOf(bytes, model), model)];
}

function vectorOf(bytes: Uint8Array, { dimension }: VisionInfo): Float32Array {
  if (startsWith(bytes, '\x93NUMPY')) return explaining(() => readNpy(bytes));
  if (bytes.length === dimension * Float32Array.BYTES_PER_ELEMENT) return fromLittleEndian(bytes);
  if (startsWith(bytes, 'PK\x03\x04') || bytes[0] === 0x80)
    return explaining(() => readTensor(bytes, 'reference').data);
  throw new HttpProblem(
    bytes.length % 4 === 0 ? 'template_dimension' : 'template_invalid',
    `reference: it has ${bytes.length} bytes and no head that is known; raw float32 of these models has ${dimension * 4}`,
    { remedy: 'Send what `muster gallery export` writes, raw float32, .npy, or a .pt file of one tensor.' },
  );
}

function embeddingOf(vector: Float32Array, { dimension }: VisionInfo): Embedding {
  if (vector.length !== dimension) {
    throw new HttpProblem(
      'template_dimension',
      `reference: it has ${vector.length} numbers, and the models in use make ${dimension}`,
      { remedy: 'Make it with the models that are in use.' },
    );
  }
  return explaining(() => toUnitLength(vector));
}

function fromDocument(bytes: Uint8Array, { fingerprint }: VisionInfo): readonly Embedding[] {
  let templates;
  try {
    ({ templates } = parseTemplates(Buffer.from(bytes).toString('utf8'), 'reference', fingerprint));
  } catch (error) {
    if (!(error instanceof MusterError)) throw error;
    const code = error.code === 'gallery_fingerprint' ? 'template_fingerprint' : 'template_invalid';
    throw new HttpProblem(code, error.message, { remedy: error.remedy });
  }
  const subjects = new Set(templates.map(({ subject }) => subject));
  if (subjects.size === 0) throw invalid('it holds no template');
  if (subjects.size > 1) {
    throw new HttpProblem('several_subjects', `reference: it holds templates of ${subjects.size} subjects`, {
      remedy: 'Export one: muster gallery export --subject <id>.',
    });
  }
  return templates.map(({ embedding }) => embedding);
}

function explaining<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw invalid(messageOf(error));
  }
}

function invalid(reason: string): HttpProblem {
  return new HttpProblem('template_invalid', `reference: ${reason}`, {
    remedy: 'Send what `muster gallery export` writes, raw float32, .npy, or a .pt file of one tensor.',
  });
}

/** Raw numbers may begin with the byte of a brace, but not with a document. */
function startsAsText(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 16).every((byte) => byte < 0x80 && (byte >= 0x20 || isSpace(byte)));
}

function startsWith(bytes: Uint8Array, magic: string): boolean {
  return Buffer.from(bytes.subarray(0, magic.length)).toString('latin1') === magic;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
