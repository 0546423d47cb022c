/** A face pipeline that is loaded and warm. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** Threads of one inference. */
  readonly threads: number;
  /** From the bytes of a JPEG to the nearest person of the gallery, for each face. Resolves with the number of faces. */
  identify(photo: Uint8Array): Promise<number>;
  close(): Promise<void>;
}
