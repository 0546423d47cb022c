import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { DamagedRevision, decodeRevision, type Revision } from './revision-file.ts';
import type { RevisionFolder } from './revision-folder.ts';
import { digestOf, tableOf } from './template-table.ts';

/** Of the models in use; a null fingerprint takes the templates as they are. */
export interface Models {
  readonly fingerprint: string | null;
  /** Length of an embedding; without meaning where the fingerprint is null. */
  readonly dimension: number;
}

/** Reads the revisions of a folder, passing over damaged ones. The models may be told when one has been read already. */
export interface RevisionReader {
  /** The newest whole revision, an empty one where there is none; and the highest number in use. */
  newest(): Promise<{ readonly revision: Revision; readonly highest: number }>;
  /** The newest on disk before `present` that holds another set of these models. */
  before(present: Revision): Promise<Revision | null>;
}

export function createRevisionReader(
  folder: RevisionFolder,
  models: Promise<Models>,
  log: Log,
): RevisionReader {
  async function setAside(number: number, reason: string): Promise<void> {
    log.error({ revision: number, reason }, 'a gallery revision is damaged; the one before it is used');
    await folder.setAside(number).catch((failed: unknown) => {
      log.warn({ revision: number, reason: messageOf(failed) }, 'the damaged revision can not be set aside');
    });
  }

  return {
    async newest() {
      const passedOver = new Set<number>();
      for (;;) {
        const { revisions, highest } = await folder.list();
        const number = revisions.find((each) => !passedOver.has(each));
        if (number === undefined) return { revision: await emptyRevision(await models), highest };
        try {
          const revision = await folder.read(number, decodeRevision);
          // It was tidied away since, so there are newer ones.
          if (revision === null) continue;
          if (revision.revision !== number)
            throw new DamagedRevision(`it holds revision ${revision.revision}`);
          return { revision, highest };
        } catch (error) {
          if (!(error instanceof DamagedRevision)) throw error;
          passedOver.add(number);
          await setAside(number, error.message);
        }
      }
    },

    async before(present) {
      const wanted = (await models).fingerprint ?? present.fingerprint;
      const { revisions } = await folder.list();
      for (const number of revisions.filter((each) => each < present.revision)) {
        const found = await readWhole(folder, number);
        if (found !== null && found.digest !== present.digest && found.fingerprint === wanted) return found;
      }
      return null;
    },
  };
}

/** A revision that holds nothing, of no line. */
export async function emptyRevision({ fingerprint, dimension }: Models): Promise<Revision> {
  const table = tableOf([], fingerprint === null ? 0 : dimension);
  const digest = await digestOf(table);
  return {
    revision: 0,
    fingerprint: fingerprint ?? '',
    digest,
    createdAt: '',
    commit: '',
    history: [],
    publication: null,
    table,
  };
}

/** Null where it is gone or damaged. */
async function readWhole(folder: RevisionFolder, number: number): Promise<Revision | null> {
  try {
    return await folder.read(number, decodeRevision);
  } catch (error) {
    if (error instanceof DamagedRevision) return null;
    throw error;
  }
}
