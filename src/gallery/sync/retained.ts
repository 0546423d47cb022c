import { setTimeout as sleep } from 'node:timers/promises';
import type { Incoming, Session } from '../../broker/contract.ts';
import type { GalleryTopics } from '../../broker/topics.ts';
import { manifestSchema } from './payloads.ts';

/** Opens a session whose messages go to the listener. */
export type OpenSession = (onMessage: (message: Incoming) => void) => Promise<Session>;

/** What a broker holds of a gallery. */
export interface Retained {
  readonly manifest: Buffer | null;
  /** The keys `<subject>/<n>` of the templates, and what `look` said of each. */
  readonly templates: ReadonlyMap<string, boolean>;
}

const stepMs = 20;
/** A set that is as large as its manifest says needs no further waiting than this, ms. */
const wholeMs = 200;
const mostRequests = 3;

/**
 * Reads what the broker holds. MQTT has no end of what is retained: it is taken as whole when as many templates came as
 * the manifest says, or when nothing came for `quietMs`, after asking again where some are missing. In memory are the names.
 *
 * @param look what is to be known of a template
 */
export async function readRetained(
  open: OpenSession,
  topics: GalleryTopics,
  look: (key: string, topic: string, payload: Buffer) => boolean,
  { quietMs, signal }: { readonly quietMs: number; readonly signal: AbortSignal },
): Promise<Retained> {
  const templates = new Map<string, boolean>();
  let manifest: Buffer | null = null;
  let lastArrival = performance.now();
  const session = await open(({ topic, payload }) => {
    lastArrival = performance.now();
    const key = topics.keyOf(topic);
    if (topic === topics.manifest) manifest = payload.length === 0 ? null : payload;
    else if (key !== null && payload.length === 0) templates.delete(key);
    else if (key !== null) templates.set(key, look(key, topic, payload));
  });
  let ended: string | null = null;
  void session.closed.then((reason) => {
    ended = reason;
  });
  try {
    for (let request = 1; request <= mostRequests; request += 1) {
      await session.subscribe([topics.manifest, topics.templates]);
      lastArrival = performance.now();
      while (performance.now() - lastArrival < (isWhole() ? wholeMs : quietMs)) {
        if (ended !== null) throw new Error(`the connection was lost: ${String(ended)}`);
        await sleep(stepMs, undefined, { signal });
      }
      if (manifest === null || isWhole()) break;
    }
  } finally {
    await session.end();
  }
  return { manifest, templates };

  function isWhole(): boolean {
    return manifest !== null && templates.size === sizeIn(manifest);
  }
}

/** How many templates a manifest names; null where it is none. */
function sizeIn(manifest: Buffer): number | null {
  try {
    return manifestSchema.parse(JSON.parse(manifest.toString('utf8'))).templates;
  } catch {
    return null;
  }
}
