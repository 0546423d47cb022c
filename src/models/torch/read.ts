import { MusterError } from '../../lib/errors.ts';
import { looksLikeArchive, readArchive } from './archive.ts';
import { TorchFileError, type Tensor } from './contract.ts';
import { looksLegacy, readLegacy } from './legacy.ts';
import { checkTensor, readValues, valuesIn } from './tensor.ts';
import { expectKind, type Content, type TensorRef } from './values.ts';

const largestFile = 512 * 1024 * 1024;

/**
 * The tensors of a state dict that `torch.save` wrote (both formats), by their names. Nothing of the file is executed: its pickle is
 * read by an interpreter that knows the few names a state dict needs, and the bytes that come out are bounded by those that
 * go in, four for one at the most.
 *
 * Throws MusterError `torch_refused`, which names `source` and the reason.
 */
export function readTensors(bytes: Uint8Array, source = 'the file'): ReadonlyMap<string, Tensor> {
  return explaining(source, () => {
    const content = open(bytes);
    const entries = [...expectKind(content.value, 'dict', 'what it holds').entries];
    return new Map(
      takeOut(
        content,
        bytes,
        entries.map(([name, value]) => [
          name,
          expectKind(value, 'tensor', `its entry '${name.slice(0, 80)}'`),
        ]),
      ),
    );
  });
}

/** The one tensor that `torch.save(tensor, file)` wrote. Like `readTensors` in all else. */
export function readTensor(bytes: Uint8Array, source = 'the file'): Tensor {
  return explaining(source, () => {
    const content = open(bytes);
    const [[, tensor]] = takeOut(content, bytes, [
      ['it', expectKind(content.value, 'tensor', 'what it holds')],
    ]) as [readonly [string, Tensor]];
    return tensor;
  });
}

function open(bytes: Uint8Array): Content {
  if (bytes.length > largestFile) throw new TorchFileError(`it has ${bytes.length} bytes`);
  if (looksLikeArchive(bytes)) return readArchive(bytes);
  if (looksLegacy(bytes)) return readLegacy(bytes);
  throw new TorchFileError('it is no file of torch.save');
}

function takeOut(
  content: Content,
  bytes: Uint8Array,
  tensors: readonly (readonly [string, TensorRef])[],
): readonly (readonly [string, Tensor])[] {
  let total = 0;
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor);
    total += valuesIn(tensor.shape);
    // Each value has a byte of its own at least, unless many tensors share one storage.
    if (total > bytes.length) throw new TorchFileError('its tensors are larger than itself');
  }
  return tensors.map(([name, tensor]) => {
    const storage = content.storage(tensor.storage);
    if (!storage) throw new TorchFileError(`storage ${tensor.storage.key} is missing`);
    return [name, readValues(tensor, storage)] as const;
  });
}

function explaining<T>(source: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TorchFileError)) throw error;
    throw new MusterError('torch_refused', `${source} is refused: ${error.message}.`, {
      remedy:
        'Only plain tensors are read, and nothing in a file is run. Save them with `torch.save(model.state_dict(), file)`, and copy the file anew if it may be damaged.',
      cause: error,
    });
  }
}
