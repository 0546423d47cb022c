import type { RemoteFeature } from '../../remote/contract.ts';
import type { Gallery, GalleryStore } from '../contract.ts';

/**
 * Keeps the station's gallery the one that is published at the broker. The set in use is changed through the store only, in
 * one revision, and only to a set that has the digest of a manifest with the right signature; until then, and
 * whatever arrives, the one in use stays.
 */
export interface GallerySync {
  /** Listens to the manifest. The templates are asked for by the sync itself, when it lacks some. */
  readonly feature: RemoteFeature;
  /**
   * Begins, once the models are loaded.
   *
   * @param fingerprint of the models in use
   */
  start(store: GalleryStore, fingerprint: string): void;
  /** The gallery on disk may have changed: looks whether it still is the published one. */
  look(): void;
  /**
   * Puts the set before back; the published one is passed over until a higher rev comes or `reload` is called. Rejects
   * with MusterError `gallery_no_previous`.
   */
  rollBack(): Promise<Gallery>;
  /** Compares with the broker's set again, and takes up what was rolled back. Resolves when that has begun. */
  reload(): Promise<void>;
  /** Ends it; what is being written is finished. */
  close(): Promise<void>;
}
