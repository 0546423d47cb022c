import { createHash } from 'node:crypto';
import { Header } from 'tar';

export interface RawEntry {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory';
  readonly linkpath?: string;
  /** What the header says, where that is not the content's. */
  readonly size?: number;
}

/** A tar file as nobody's tool would write it. */
export function tarOf(entries: readonly RawEntry[]): Buffer {
  const parts = entries.flatMap(({ path, content = '', type = 'File', linkpath, size }) => {
    const bytes = Buffer.from(content);
    const block = Buffer.alloc(512);
    new Header({
      path,
      type,
      mode: 0o600,
      size: size ?? bytes.length,
      mtime: new Date(0),
      ...(linkpath === undefined ? {} : { linkpath }),
    }).encode(block, 0);
    return [block, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** The manifest of a backup with these files. */
export function manifestOf(files: Readonly<Record<string, string>>, other: object = {}): RawEntry {
  const manifest = {
    kind: 'muster-backup',
    format: 1,
    muster: '0.1.0',
    site: 'default',
    station: 'station-1',
    created_at: '2026-11-23T09:00:00.000Z',
    files: Object.entries(files).map(([path, content]) => ({
      path,
      bytes: Buffer.byteLength(content),
      sha256: createHash('sha256').update(content).digest('hex'),
    })),
    ...other,
  };
  return { path: 'manifest.json', content: JSON.stringify(manifest) };
}
