import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isoTime, type Clock } from '../lib/clock.ts';
import { MusterError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Gallery, GalleryChange, GalleryStore } from './contract.ts';
import {
  DamagedRevision,
  decodeRevision,
  encodeRevision,
  galleryOf,
  type Revision,
} from './revision-file.ts';
import { createRevisionFolder } from './revision-folder.ts';
import { changed, digestOf, tableOf } from './template-table.ts';
import { hintsOfChange } from './watch.ts';

/** Revisions kept on disk, the newest included. */
const keptRevisions = 3;
/** Commits that a revision remembers, so that a writer can tell that its own is among them. */
const rememberedCommits = 64;
/** Each attempt that fails is another writer's success, so only something broken can need so many. */
const mostAttempts = 1000;

export interface GalleryStoreOptions {
  /** Folder of this gallery; made when the first revision is written. */
  readonly dir: string;
  /**
   * Of the pack whose embeddings are compared (VisionInfo). Null takes the templates as they are, of whatever pack:
   * for listing, exporting and removing, which compare nothing.
   */
  readonly fingerprint: string | null;
  /** Length of an embedding; without meaning where the fingerprint is null. */
  readonly dimension: number;
  readonly log: Log;
  readonly clock: Clock;
  /** How often to look for a new revision where the file system doesn't tell, ms. */
  readonly pollMs?: number;
}

/**
 * The gallery in a folder of whole revisions, `<revision>.gallery`. Nothing is ever written over and no lock is held:
 * a writer reads the newest revision, writes the next one aside, and links it to the next number; when that number
 * is taken, another writer was quicker, and it starts again. A killed writer leaves at most a temporary file.
 */
export function createGalleryStore(options: GalleryStoreOptions): GalleryStore {
  const { dir, log, clock, pollMs = 10_000 } = options;
  const folder = createRevisionFolder(dir, clock);
  let loaded: Revision | null = null;
  let lastCommit: Promise<unknown> = Promise.resolve();

  /** The newest whole revision, an empty one where there is none; and the highest number in use. */
  async function newest(): Promise<{ readonly revision: Revision; readonly highest: number }> {
    const passedOver = new Set<number>();
    for (;;) {
      const { revisions, highest } = await folder.list();
      const number = revisions.find((each) => !passedOver.has(each));
      if (number === undefined) return { revision: await emptyRevision(options), highest };
      const bytes = await folder.read(number);
      // Null: it was tidied away since, so there are newer ones.
      if (bytes === null) continue;
      try {
        const revision = await decodeRevision(bytes);
        if (revision.revision !== number) throw new DamagedRevision(`it holds revision ${revision.revision}`);
        return { revision, highest };
      } catch (error) {
        if (!(error instanceof DamagedRevision)) throw error;
        log.error(
          { revision: number, reason: error.message },
          'a gallery revision is damaged; the one before it is used',
        );
        passedOver.add(number);
        await folder.setAside(number).catch((failed: unknown) => {
          log.warn(
            { revision: number, reason: messageOf(failed) },
            'the damaged revision can not be set aside',
          );
        });
      }
    }
  }

  function checkFingerprint(revision: Revision): void {
    const { fingerprint } = options;
    if (fingerprint === null || revision.fingerprint === fingerprint || revision.table.subjects.length === 0)
      return;
    throw new MusterError(
      'gallery_fingerprint',
      `the gallery in ${dir} was made with ${revision.fingerprint}, the models in use are ${fingerprint}: their templates can't be compared`,
      {
        remedy:
          'Enrol again from the reference photos with `muster enroll <folder> --replace` (`muster gallery export` keeps a ' +
          'copy of what is there), or set vision.pack back to the pack that made the gallery.',
      },
    );
  }

  function apply(change: GalleryChange | ((base: Gallery) => GalleryChange)): Promise<Gallery> {
    const done = lastCommit.then(() => commit(change));
    lastCommit = done.catch(() => {});
    return done;
  }

  async function commit(change: GalleryChange | ((base: Gallery) => GalleryChange)): Promise<Gallery> {
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      const { revision: base, highest } = await newest();
      const wanted = typeof change === 'function' ? change(galleryOf(base)) : change;
      if (wanted.remove !== 'all') checkFingerprint(base);
      const next = await revisionAfter(base, highest + 1, wanted);
      if (isSame(next, base)) return galleryOf(base);
      if ((await folder.publish(next.revision, await encodeRevision(next))) && (await isInLine(next))) {
        await folder.tidy(keptRevisions).catch((error: unknown) => {
          log.warn({ reason: messageOf(error) }, 'old gallery revisions can not be removed');
        });
        return galleryOf(next);
      }
      log.debug({ revision: next.revision }, 'another writer of the gallery was quicker');
    }
    throw new MusterError(
      'gallery_busy',
      `the gallery in ${dir} changes all the time: gave up after ${mostAttempts} attempts`,
    );
  }

  async function revisionAfter(base: Revision, number: number, change: GalleryChange): Promise<Revision> {
    const table = tableOf(
      changed(galleryOf(base).list(), change),
      options.fingerprint === null ? base.table.dimension : options.dimension,
    );
    return {
      revision: number,
      fingerprint: options.fingerprint ?? base.fingerprint,
      digest: await digestOf(table),
      createdAt: isoTime(clock.now()),
      commit: randomBytes(8).toString('hex'),
      history: [base.commit, ...base.history].slice(0, rememberedCommits),
      publication: change.publication ?? base.publication,
      table,
    };
  }

  /** The newest revision on disk before `present` that holds another set of the same models. */
  async function setBefore(present: Revision): Promise<Revision | null> {
    const { revisions } = await folder.list();
    for (const number of revisions.filter((each) => each < present.revision)) {
      const bytes = await folder.read(number);
      const found = bytes === null ? null : await decodeRevision(bytes).catch(() => null);
      if (found !== null && found.digest !== present.digest && found.fingerprint === present.fingerprint)
        return found;
    }
    return null;
  }

  /**
   * Whether the revision that was just published is the newest or one that the newest descends from. It isn't when
   * this writer was so slow that its number had been taken, overtaken and tidied away: then it is taken back.
   */
  async function isInLine(published: Revision): Promise<boolean> {
    const { revision } = await newest();
    if (revision.commit === published.commit || revision.history.includes(published.commit)) return true;
    await folder.remove(published.revision);
    return false;
  }

  async function follow(onRevision: (gallery: Gallery) => void, signal: AbortSignal): Promise<void> {
    let seen = loaded;
    for await (const _ of hintsOfChange(dir, { signal, pollMs, log })) {
      const { revision } = await newest().catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'the gallery can not be read; the revision in use stays');
        return { revision: null };
      });
      if (revision === null || !isNews(revision, seen)) continue;
      seen = revision;
      try {
        checkFingerprint(revision);
      } catch (error) {
        log.error(
          { revision: revision.revision, reason: messageOf(error) },
          'a gallery revision is refused; the one in use stays',
        );
        continue;
      }
      if (!signal.aborted) onRevision(galleryOf(revision));
    }
  }

  return {
    async load() {
      await folder.tidy(keptRevisions).catch((error: unknown) => {
        log.debug({ reason: messageOf(error) }, 'the gallery folder can not be tidied');
      });
      const { revision } = await newest();
      checkFingerprint(revision);
      loaded = revision;
      return galleryOf(revision);
    },

    apply,

    async rollBack() {
      const { revision: present } = await newest();
      if (present.publication?.rolled_back === true) throw noPrevious(dir, 'it has been rolled back already');
      const before = await setBefore(present);
      if (before === null) throw noPrevious(dir, 'no other set of templates of these models is kept');
      const change = rollbackChange(present, before);
      return apply((base) => {
        if (base.digest !== present.digest) throw noPrevious(dir, 'it changed at this moment');
        return change;
      });
    },

    watch(onRevision, signal) {
      void follow(onRevision, signal);
    },
  };
}

/** A change that would leave everything as it is. */
function isSame(next: Revision, base: Revision): boolean {
  return (
    next.digest === base.digest &&
    next.fingerprint === base.fingerprint &&
    isDeepStrictEqual(next.publication, base.publication)
  );
}

function rollbackChange(present: Revision, before: Revision): GalleryChange {
  const put = [...galleryOf(before).list()];
  const { publication } = present;
  if (publication === null) return { remove: 'all', put };
  const manifest = before.publication?.manifest ?? null;
  return { remove: 'all', put, publication: { manifest, highest: publication.highest, rolled_back: true } };
}

function noPrevious(dir: string, reason: string): MusterError {
  return new MusterError('gallery_no_previous', `the gallery in ${dir} can't be rolled back: ${reason}`, {
    remedy: 'Publish or enrol the templates that are wanted.',
  });
}

/**
 * Whether a watcher that has seen `seen` should be told of `found`: it is newer, or of another line because the
 * folder was emptied and begun anew. Going back to an older one of the same line, because the newest is
 * damaged, is no news.
 */
function isNews(found: Revision, seen: Revision | null): boolean {
  if (found.revision === 0) return false;
  if (seen === null || found.revision > seen.revision) return true;
  return found.commit !== seen.commit && !seen.history.includes(found.commit);
}

async function emptyRevision({ fingerprint, dimension }: GalleryStoreOptions): Promise<Revision> {
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
