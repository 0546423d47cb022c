import type { Stats } from 'node:fs';

export type FileKind =
  /** To be read. */
  | { readonly kind: 'photo' }
  /** Somebody else's, or not finished: left where it is. */
  | { readonly kind: 'ignored' }
  /** Set aside unread. */
  | { readonly kind: 'refused'; readonly code: 'link' | 'too_large'; readonly message: string };

/** Names that programs give to files that they are still writing, or keep for themselves. */
const temporaryName =
  /(~|\.(tmp|temp|part|partial|filepart|crdownload|download|opdownload|swp|swx|lock|lck|writing|inprogress|!ut))$|^(~\$|#)|^(thumbs\.db|desktop\.ini)$/i;

/**
 * Tells by name and status what to do with a directory entry of the capture folder.
 *
 * @param stats of the entry itself, not of what a link points to
 */
export function fileKind(
  name: string,
  stats: Pick<Stats, 'size' | 'isFile' | 'isSymbolicLink'>,
  maxBytes: number,
): FileKind {
  if (name.startsWith('.') || temporaryName.test(name)) return { kind: 'ignored' };
  if (stats.isSymbolicLink()) {
    return {
      kind: 'refused',
      code: 'link',
      message: 'a symbolic link is not followed; put the photo itself here',
    };
  }
  if (!stats.isFile()) return { kind: 'ignored' };
  if (stats.size > maxBytes) {
    const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    return {
      kind: 'refused',
      code: 'too_large',
      message: `the file has ${mb(stats.size)} MB, more than capture.folder.max_mb (${mb(maxBytes)}) allows`,
    };
  }
  return { kind: 'photo' };
}
