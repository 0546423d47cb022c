import type { Connection, Session } from '../../broker/contract.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Arrivals } from './arrivals.ts';
import type { Assembly } from './assembly.ts';
import type { GalleryManifest } from './payloads.ts';

/** Between two requests for a set that does not become whole, at the most, ms. */
const longestPauseMs = 5 * 60_000;
/** An incomplete set is told of from this request on: one that is lost on the way is no reason for an alert. */
const toldFromRequest = 2;

export interface AskingOptions {
  /** The templates of the gallery. */
  readonly filter: string;
  readonly connection: Connection;
  readonly arrivals: Arrivals;
  readonly assembly: Assembly;
  readonly log: Log;
  /** A set that is incomplete and has not grown for so long is asked for again, ms. */
  readonly quietMs: number;
  /** Whether the set is being verified and written. */
  readonly busy: () => boolean;
  /** Has it judged anew. */
  readonly look: () => void;
}

/** Asks the broker for the set of the manifest, and again at growing intervals until it is whole. */
export interface Asking {
  /** What is wanted; null ends the asking. */
  want(manifest: GalleryManifest | null): void;
  wanted(): GalleryManifest | null;
  /** Asks for the whole set, where this session has not been asked yet. */
  askForAll(): void;
  /** The set could not be read or written: nothing is asked for, and it is looked at again after `ms`. */
  pause(ms: number): void;
  /** It could be written again. */
  resume(): void;
  /** What is wrong with the collected set, once it is worth telling. */
  incomplete(): string | null;
  close(): void;
}

export function createAsking(options: AskingOptions): Asking {
  const { connection, arrivals, assembly, log, quietMs, look } = options;
  let target: GalleryManifest | null = null;
  let incomplete: string | null = null;
  let paused = false;
  /** The session in which the whole set was asked for last, and how often since it was wanted. */
  let askedIn: Session | null = null;
  let requests = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  /** Subscribing once more makes the broker send what is retained once more [MQTT-3.8.4-3]. */
  function ask(session: Session): void {
    requests += 1;
    arrivals.expect();
    arm(quietMs);
    session.subscribe([options.filter]).catch((error: unknown) => {
      if (connection.session() !== session) return;
      incomplete = `the templates can't be asked for: ${messageOf(error)}`;
      look();
    });
  }

  function arm(ms: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(onQuiet, ms);
  }

  function onQuiet(): void {
    // A set that is being verified and written has nothing to ask for.
    if (options.busy()) {
      arm(quietMs);
      return;
    }
    if (target === null || askedIn === null || paused) {
      look();
      return;
    }
    const pause = Math.min(longestPauseMs, quietMs * 2 ** (requests - 1)) - arrivals.quietForMs();
    if (pause > 0) {
      arm(pause);
      return;
    }
    const count = assembly.count();
    log.info(
      { rev: target.rev, templates: target.templates, count },
      'the gallery is incomplete; asking again',
    );
    if (requests >= toldFromRequest) incomplete = shortfall(target, count);
    const session = connection.session();
    // Within a session what has come is kept, since a broker with a short queue may send another part the next time.
    if (session === askedIn && session !== null) {
      if (count >= target.templates) assembly.restart();
      ask(session);
    }
    look();
  }

  return {
    want(manifest) {
      if (manifest === null) {
        clearTimeout(timer);
        assembly.rest();
        askedIn = null;
      }
      if (manifest === null || manifest.rev !== target?.rev) {
        incomplete = null;
        requests = 0;
      }
      target = manifest;
    },
    wanted: () => target,
    askForAll() {
      const session = connection.session();
      if (assembly.whole && askedIn === session) return;
      // The next session looks again.
      if (session === null) return;
      // A broker that kept the session may still be sending what was asked for before: asking for more would pile up.
      if (arrivals.quietForMs() < quietMs) {
        arm(quietMs);
        return;
      }
      askedIn = session;
      assembly.restart();
      ask(session);
    },
    pause(ms) {
      paused = true;
      arm(ms);
    },
    resume() {
      paused = false;
    },
    incomplete: () => incomplete,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function shortfall({ rev, templates }: GalleryManifest, count: number): string {
  const found = count === templates ? 'they are not the ones that were signed' : `${count} have arrived`;
  return `the set of rev ${rev} is truncated or changed: it has ${templates} templates, ${found}`;
}
