import { fromLittleEndian } from '../gallery/float32.ts';

const mostHeaderBytes = 4096;

/**
 * The numbers of a .npy file (NumPy's NEP 1), float32 or float64 of either byte order, with one axis that is longer than 1.
 * Nothing of it is executed: its header, which is written as Python, is matched and not evaluated.
 *
 * Throws an Error that says what is wrong.
 */
export function readNpy(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12) throw new Error('the .npy file is cut short');
  const major = view.getUint8(6);
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > mostHeaderBytes || start + length > bytes.length)
    throw new Error('the header of the .npy file is cut short');
  const header = Buffer.from(bytes.subarray(start, start + length)).toString('latin1');
  const [, order, size] = /'descr': *'([<>|=])f([48])'/.exec(header) ?? [];
  const shape = /'shape': *\(([\d, ]*)\)/.exec(header)?.[1];
  if (order === undefined || shape === undefined || order === '|' || order === '=')
    throw new Error('the .npy file must hold float32 or float64');
  const axes = shape.split(',').flatMap((axis) => (axis.trim() === '' ? [] : [Number(axis)]));
  if (axes.filter((axis) => axis !== 1).length > 1)
    throw new Error(`the .npy file must hold one vector, not (${shape})`);
  const body = bytes.subarray(start + length);
  const count = axes.reduce((product, axis) => product * axis, 1);
  if (body.length !== count * Number(size))
    throw new Error('the .npy file has another length than its header says');
  if (size === '4' && order === '<') return fromLittleEndian(body);
  const values = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const little = order === '<';
  return Float32Array.from({ length: count }, (_, i) =>
    size === '4' ? values.getFloat32(i * 4, little) : values.getFloat64(i * 8, little),
  );
}
