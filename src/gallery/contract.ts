import type { Embedding } from '../vision/contract.ts';
import type { Publication } from './sync/payloads.ts';

/** The pseudonymous id of an enrolled person: `[a-z0-9-]{1,32}`. */
export type SubjectId = string & { readonly __subject: true };

/** The embedding kept of one reference photo of an enrolled person. */
export interface Template {
  readonly subject: SubjectId;
  /** Number of the template within its subject, from 0. */
  readonly n: number;
  readonly embedding: Embedding;
}

export interface Match {
  readonly subject: SubjectId;
  /** Cosine similarity to the subject's nearest template, −1..1. */
  readonly similarity: number;
}

/** One whole revision of the set of templates. It never changes; a change is a new revision. */
export interface Gallery {
  /**
   * Which set this is: the rev of the signed manifest where it is a published set, else the number of the revision on this
   * disk. Events and info carry it as `gallery_rev`, so that it means the same set at every station that syncs.
   */
  readonly revision: number;
  /** What is known of the publication that this set descends from; null where there never was one. */
  readonly publication: Publication | null;
  /** The models and preprocessing that made the templates, see VisionInfo. */
  readonly fingerprint: string;
  readonly dimension: number;
  readonly subjects: number;
  readonly templates: number;
  /** SHA-256 (hex) of the templates in order of subject and n. */
  readonly digest: string;
  /** Why the set on disk is not used: this gallery is empty then. Absent where it is used. */
  readonly unused?: string;
  /**
   * The `count` most similar *subjects*, the most similar first; ties by subject id. Exact: the same answer as
   * comparing with every template. A large gallery is searched in slices, so that the thread that asks is not held up.
   */
  search(probe: Embedding, count: number): Promise<readonly Match[]>;
  /** The same for several probes, in their order: the templates are read once for all of them. */
  searchEach(probes: readonly Embedding[], count: number): Promise<readonly (readonly Match[])[]>;
  /** Every template in order of subject and n. */
  list(): Iterable<Template>;
}

export interface GalleryChange {
  /** Templates to put; a template of the same subject and n is replaced. */
  readonly put?: readonly Template[];
  /**
   * Subjects to remove with all their templates, or `all`, which also drops templates of another model. Applied
   * before `put`.
   */
  readonly remove?: readonly SubjectId[] | 'all';
  /** The publication that the set comes from; without it that of the revision before stays on record. */
  readonly publication?: Publication;
}

/**
 * The durable gallery, readable and writable by several processes at once: a reader sees whole revisions only,
 * and a writer whose base was overtaken starts again from the new one.
 */
export interface GalleryStore {
  /**
   * The newest whole revision; an empty gallery (revision 0) where there is none. Damaged revision files are passed
   * over (and reported through the log). Where there is a key, plain revisions are written anew, encrypted. Throws MusterError
   * `gallery_fingerprint` when the newest revision holds templates of another model (unless the store leaves those), and
   * `gallery_key` when it is encrypted with another key, with the remedy.
   */
  load(): Promise<Gallery>;
  /**
   * Writes the change as the next revision, durably, and returns it; a change that leaves the templates as they are
   * returns the present one. A function is given the revision that the change starts from, and is called again when
   * another writer was quicker. Throws like `load`, unless the change removes `all`.
   */
  apply(change: GalleryChange | ((base: Gallery) => GalleryChange)): Promise<Gallery>;
  /**
   * Writes the set of the revision before as the next revision, and returns it. Nothing changes that again but a new
   * publication, or a change made by hand. Throws MusterError `gallery_no_previous` when none is kept, when it is of
   * another model, or when the present one has been rolled back to already.
   */
  rollBack(): Promise<Gallery>;
  /**
   * Writes the revisions on disk anew, encrypted with the store's key, or plain where it has none. Returns how many were
   * written; those that are so already are left. Interrupted, it may be called again. Throws MusterError `gallery_key` where
   * neither key opens one.
   *
   * @param oldKey the key that they were written with
   */
  rekey(oldKey: Uint8Array | null): Promise<number>;
  /** Calls back with each newer revision (also another process's) until the signal aborts. */
  watch(onRevision: (gallery: Gallery) => void, signal: AbortSignal): void;
}
