import { createReadStream } from 'node:fs';
import { isAlias, isMap, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import { codeOf, messageOf, MusterError } from '../lib/errors.ts';
import { layerOf, type Layer, type Origin } from './layers.ts';

/** Many times the size of a config with every field and its comment. */
const maxBytes = 64 * 1024;
/** Aliases are welcome, but not those that unfold to gigabytes. */
const maxAliasCount = 100;
/** A fault of syntax brings others after it. */
const maxFaults = 5;

/**
 * The settings of a YAML file. What is wrong inside the file is a problem of the layer, with its line.
 *
 * Throws MusterError `config_missing` or `config_unreadable`.
 */
export async function readConfigFile(file: string): Promise<Layer> {
  const text = await readText(file);
  const failed = (line: number, message: string): Layer => ({
    settings: new Map(),
    problems: [{ name: '', origin: { kind: 'file', file, line }, message }],
  });
  if (Buffer.byteLength(text) > maxBytes) return failed(1, `is larger than ${maxBytes / 1024} KiB`);

  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const faults = [...document.errors, ...document.warnings].slice(0, maxFaults);
    if (faults.length > 0) {
      const problems = faults.map((fault) => {
        const { line, col } = lines.linePos(fault.pos[0]);
        // The library's message advises a programmer.
        const message =
          fault.code === 'MULTIPLE_DOCS' ? 'There is more than one document in the file' : fault.message;
        return { name: '', origin: originAt(file, line), message: `column ${col}: ${message}` };
      });
      return { settings: new Map(), problems };
    }
    return layerOf(document.toJS({ maxAliasCount }), (path) =>
      originAt(file, lines.linePos(offsetOf(document, path)).line),
    );
  } catch (error) {
    // The library throws for aliases beyond the limit and runs out of stack when brackets nest too deep.
    return failed(1, `can't be read as a configuration: ${messageOf(error)}`);
  }
}

async function readText(file: string): Promise<string> {
  let text = '';
  try {
    // Bounded, since the path may be a device or a pipe that never ends.
    for await (const chunk of createReadStream(file, { encoding: 'utf8', end: maxBytes })) text += chunk;
    return text;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') {
      throw new MusterError('config_missing', `there is no configuration file ${file}`, {
        remedy: 'Check --config and MUSTER_CONFIG; without both of them muster starts with its defaults.',
        cause,
      });
    }
    throw new MusterError(
      'config_unreadable',
      `the configuration file ${file} can't be read: ${messageOf(cause)}`,
      {
        remedy: 'Name a YAML file that the user who runs muster may read.',
        cause,
      },
    );
  }
}

function originAt(file: string, line: number): Origin {
  return { kind: 'file', file, line };
}

/** Where the key at a path begins, or the nearest one above it that was written out. */
function offsetOf(document: Document, path: readonly string[]): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const key of path) {
    const target: unknown = isAlias(node) ? node.resolve(document) : node;
    if (!isMap<Node>(target)) break;
    const pair = target.items.find((item) => String(item.key) === key);
    offset = pair?.key.range?.[0] ?? offset;
    node = pair?.value;
  }
  return offset;
}
