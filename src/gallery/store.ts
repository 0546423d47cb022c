import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isoTime, type Clock } from '../lib/clock.ts';
import { MusterError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Gallery, GalleryChange, GalleryStore } from './contract.ts';
import { encodeRevision, galleryOf, type Revision } from './revision-file.ts';
import { createRevisionFolder } from './revision-folder.ts';
import { createRevisionReader, emptyRevision, type Models } from './revisions.ts';
import { createSeal } from './seal.ts';
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
   * The pack whose embeddings are compared (VisionInfo). A null fingerprint takes the templates as they are, of whatever pack:
   * for listing, exporting and removing, which compare nothing. While it is not known yet, `load` reads already.
   */
  readonly models: Models | Promise<Models>;
  /** Encrypts what is written, 32 bytes; null (default) writes in the clear. */
  readonly encryptionKey?: Uint8Array | null;
  /**
   * What to do where the newest revision holds templates of other models: `refuse` (default) throws, `leave` gives an empty
   * gallery in its place, which says why, for who expects the right set to come.
   */
  readonly otherModels?: 'refuse' | 'leave';
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
  const seal = createSeal(options.encryptionKey ?? null);
  const folder = createRevisionFolder(dir, clock, seal);
  const models = Promise.resolve(options.models);
  // Whoever asks is told.
  models.catch(() => {});
  const revisions = createRevisionReader(folder, models, log);
  let loaded: Line | null = null;
  let loadedStamp: string | null = null;
  let lastCommit: Promise<unknown> = Promise.resolve();

  /** Why the revision can't be compared with what the models in use make; null where it can. */
  async function otherModels(revision: Revision): Promise<string | null> {
    const { fingerprint } = await models;
    if (fingerprint === null || revision.fingerprint === fingerprint || revision.table.subjects.length === 0)
      return null;
    return `the gallery in ${dir} was made with ${revision.fingerprint}, the models in use are ${fingerprint}: their templates can't be compared`;
  }

  async function checkFingerprint(revision: Revision): Promise<void> {
    const reason = await otherModels(revision);
    if (reason === null) return;
    throw new MusterError('gallery_fingerprint', reason, {
      remedy:
        'Make it anew from the reference photos with `muster gallery rebuild <folder>` (`muster gallery export` keeps a ' +
        'copy of what is there), or set vision.pack back to the pack that made the gallery.',
    });
  }

  /** What may be compared with: no template of other models ever is. */
  async function served(revision: Revision): Promise<Gallery> {
    const unused = await otherModels(revision);
    if (unused === null || options.otherModels !== 'leave') {
      await checkFingerprint(revision);
      return galleryOf(revision);
    }
    // What was published stays on record, so that an old manifest can't come back.
    const { publication } = revision;
    return { ...galleryOf({ ...(await emptyRevision(await models)), publication }), unused };
  }

  /** Brings the files into the form that the seal gives them, and removes what is old. */
  async function tidy(): Promise<void> {
    if (seal.encrypts) {
      const count = await folder.reseal(null).catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'old gallery revisions can not be encrypted');
        return 0;
      });
      if (count > 0) log.info({ files: count }, 'plain gallery revisions were encrypted');
    }
    await folder.tidy(keptRevisions);
  }

  function apply(change: GalleryChange | ((base: Gallery) => GalleryChange)): Promise<Gallery> {
    const done = lastCommit.then(() => commit(change));
    lastCommit = done.catch(() => {});
    return done;
  }

  async function commit(change: GalleryChange | ((base: Gallery) => GalleryChange)): Promise<Gallery> {
    for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
      const { revision: base, highest } = await revisions.newest();
      const wanted = typeof change === 'function' ? change(galleryOf(base)) : change;
      if (wanted.remove !== 'all') await checkFingerprint(base);
      const next = await revisionAfter(base, highest + 1, wanted);
      if (isSame(next, base)) return galleryOf(base);
      if ((await folder.publish(next.revision, await encodeRevision(next))) && (await isInLine(next))) {
        await tidy().catch((error: unknown) => {
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
    const { fingerprint, dimension } = await models;
    const table = tableOf(
      changed(galleryOf(base).list(), change),
      fingerprint === null ? base.table.dimension : dimension,
    );
    return {
      revision: number,
      fingerprint: fingerprint ?? base.fingerprint,
      digest: await digestOf(table),
      createdAt: isoTime(clock.now()),
      commit: randomBytes(8).toString('hex'),
      history: [base.commit, ...base.history].slice(0, rememberedCommits),
      publication: change.publication ?? base.publication,
      table,
    };
  }

  /**
   * Whether the revision that was just published is the newest or one that the newest descends from. It isn't when
   * this writer was so slow that its number had been taken, overtaken and tidied away: then it is taken back.
   */
  async function isInLine(published: Revision): Promise<boolean> {
    const { revision } = await revisions.newest();
    if (revision.commit === published.commit || revision.history.includes(published.commit)) return true;
    await folder.remove(published.revision);
    return false;
  }

  async function follow(onRevision: (gallery: Gallery) => void, signal: AbortSignal): Promise<void> {
    let seen = loaded;
    let stamp = loadedStamp;
    for await (const _ of hintsOfChange(dir, { signal, pollMs, log })) {
      // A hint is often none, and reading a large gallery takes tens of MB for a while.
      const present = await folder.stamp().catch(() => null);
      if (present !== null && present === stamp) continue;
      const { revision } = await revisions.newest().catch((error: unknown) => {
        log.warn({ reason: messageOf(error) }, 'the gallery can not be read; the revision in use stays');
        return { revision: null };
      });
      stamp = revision && present;
      if (revision === null || !isNews(revision, seen)) continue;
      seen = lineOf(revision);
      try {
        await checkFingerprint(revision);
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
      await tidy().catch((error: unknown) => {
        log.debug({ reason: messageOf(error) }, 'the gallery folder can not be tidied');
      });
      const stamp = await folder.stamp().catch(() => null);
      const { revision } = await revisions.newest();
      const gallery = await served(revision);
      loaded = lineOf(revision);
      loadedStamp = stamp;
      return gallery;
    },

    apply,

    async rollBack() {
      const { revision: present } = await revisions.newest();
      if (present.publication?.rolled_back === true) throw noPrevious(dir, 'it has been rolled back already');
      const before = await revisions.before(present);
      if (before === null) throw noPrevious(dir, 'no other set of templates of these models is kept');
      const change = rollbackChange(present, before);
      return apply((base) => {
        if (base.digest !== present.digest) throw noPrevious(dir, 'it changed at this moment');
        return change;
      });
    },

    rekey: (oldKey) => folder.reseal(createSeal(oldKey)),

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

/** Where a revision stands, without its templates: those of old revisions must not stay in memory. */
type Line = Pick<Revision, 'revision' | 'commit' | 'history'>;

function lineOf({ revision, commit, history }: Revision): Line {
  return { revision, commit, history };
}

/**
 * Whether a watcher that has seen `seen` should be told of `found`: it is newer, or of another line because the
 * folder was emptied and begun anew. Going back to an older one of the same line, because the newest is
 * damaged, is no news.
 */
function isNews(found: Revision, seen: Line | null): boolean {
  if (found.revision === 0) return false;
  if (seen === null || found.revision > seen.revision) return true;
  return found.commit !== seen.commit && !seen.history.includes(found.commit);
}
