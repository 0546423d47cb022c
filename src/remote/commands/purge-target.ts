import { opendir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../lib/errors.ts';
import type { Outbox } from '../../telemetry/contract.ts';

/** Between two reports of progress. */
const reportEvery = 1_000;

type Report = (deleted: number) => Promise<void>;

/**
 * Deletes the files that lie in a folder of put-away captures. Subfolders, links and hidden files are not the station's and
 * stay. A folder that is missing is empty.
 */
export async function purgeFolder(dir: string, report: Report): Promise<number> {
  let deleted = 0;
  try {
    for await (const entry of await opendir(dir)) {
      if (!entry.isFile() || entry.name.startsWith('.')) continue;
      await unlink(join(dir, entry.name)).catch(unlessGone);
      deleted += 1;
      if (deleted % reportEvery === 0) await report(deleted);
    }
  } catch (error) {
    unlessGone(error);
  }
  return deleted;
}

/** Deletes the events that the outbox holds now. */
export async function purgeOutbox(outbox: Outbox, report: Report): Promise<number> {
  const last = outbox.lastSeq();
  let deleted = 0;
  let after = 0;
  for (;;) {
    const seqs = (await outbox.read(after, reportEvery)).map(({ seq }) => seq).filter((seq) => seq <= last);
    after = seqs.at(-1) ?? last;
    if (seqs.length === 0) return deleted;
    await outbox.remove(seqs);
    deleted += seqs.length;
    await report(deleted);
  }
}

function unlessGone(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
