import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckinEvent } from '../../src/telemetry/payloads.ts';
import type { FuzzFile } from './corpus.ts';

export interface Outcome {
  /** `<file>: <what became of it>`, for a person. */
  readonly text: string;
  readonly event: CheckinEvent | undefined;
  /** When it was decided or set aside, epoch ms; null for neither. */
  readonly at: number | null;
  /** Whether that is the one outcome that the file may have. */
  readonly right: boolean;
}

/**
 * What became of each file: an event that tells its capture time, or a file of its content in `failed/` with a reason beside it, and
 * nothing left in the inbox. A file that is set aside may get another name, so it is its content that is looked for.
 *
 * @param capturedAt capture time of the file with this number, epoch ms
 */
export async function outcomesOf(
  files: readonly FuzzFile[],
  events: readonly CheckinEvent[],
  inbox: string,
  capturedAt: (number: number) => number,
): Promise<readonly Outcome[]> {
  const aside = await readFailed(join(inbox, 'failed'));
  const left = new Set((await readdir(inbox, { encoding: 'buffer' })).map((name) => name.toString('latin1')));

  return files.map(({ name, bytes, expected }, number) => {
    const own = events.filter((each) => Date.parse(each.captured_at) === capturedAt(number));
    const kept = aside.get(hashOf(bytes))?.shift();
    const became = own.map(({ decision, subject, reason }) => `${decision} ${subject ?? reason}`);
    if (kept !== undefined) became.push(`set aside: ${kept.reason?.code ?? 'no reason beside it'}`);
    if (left.has(name.toString('latin1'))) became.push('still in the inbox');
    const [event] = own;
    const allowed = {
      accepted: event?.decision === 'accepted',
      'set aside': kept?.reason !== undefined,
      either: event !== undefined || kept?.reason !== undefined,
    };
    return {
      text: `${JSON.stringify(name.toString())}: ${became.join(' and ') || 'lost'}`,
      event,
      at: event === undefined ? (kept?.reason?.at ?? null) : Date.parse(event.decided_at),
      right: became.length === 1 && allowed[expected],
    };
  });
}

interface Kept {
  readonly reason: { readonly code: string; readonly at: number } | undefined;
}

/** The files that were set aside, by the hash of their content. */
async function readFailed(dir: string): Promise<Map<string, Kept[]>> {
  const photos: { readonly name: string; readonly hash: string }[] = [];
  const reasons = new Map<string, Kept['reason']>();
  for (const name of await readdir(dir, { encoding: 'buffer' })) {
    const content = await readFile(Buffer.concat([Buffer.from(`${dir}/`), name]));
    const reason = reasonIn(content);
    if (reason === null) photos.push({ name: name.toString(), hash: hashOf(content) });
    else reasons.set(reason.file, { code: reason.code, at: Date.parse(reason.at) });
  }
  const found = new Map<string, Kept[]>();
  for (const { name, hash } of photos) {
    found.set(hash, [...(found.get(hash) ?? []), { reason: reasons.get(name) }]);
  }
  return found;
}

/** The reason file's content; null for any other file. */
function reasonIn(content: Buffer): { file: string; code: string; at: string } | null {
  try {
    const { file, code, at } = JSON.parse(content.toString()) as Record<string, string>;
    return file === undefined || code === undefined || at === undefined ? null : { file, code, at };
  } catch {
    return null;
  }
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
