import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import { isLoopbackAddress, isLoopbackHost } from '../lib/loopback.ts';
import { HttpProblem } from './problem.ts';

/** What is known of a request before anything of it is believed. */
export interface Asker {
  /** Addresses of the two ends of its connection. */
  readonly peer: string;
  readonly local: string;
  readonly method: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Why a request may be answered: it showed the token (or a session that it bought), or it comes from this machine. */
export type Standing = 'token' | 'loopback';

/** Who may use the API. */
export interface Access {
  /** Throws HttpProblem `cross_site`, `host_not_allowed` or `unauthorised`. */
  check(asker: Asker): Standing;
  /** The Set-Cookie of a session, for browsers. Throws HttpProblem `unauthorised` for a wrong token. */
  readonly login: (token: string) => string;
  readonly logout: () => string;
}

export interface AccessOptions {
  /** Of this moment; null where none is set. */
  readonly token: () => string | null;
  /** Ask for it on loopback too. */
  readonly tokenOnLoopback: boolean;
  /** HTTPS: the cookie is then never sent in the clear. */
  readonly secure: boolean;
  readonly clock: Clock;
}

const cookieName = 'muster_session';
const sessionS = 30 * 24 * 3600;
const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

/**
 * A request is let in when it shows the token (RFC 6750), or a session's cookie, or comes over loopback: both ends of its
 * connection are there, and it names this machine as its host, so that no page of the web can reach the station under a name
 * that was made to point here (DNS rebinding). A page of another site can't change anything either way: its browser tells its
 * origin.
 *
 * A session is a time and its HMAC under the token: nothing is kept, it outlives a restart, and a new token ends it.
 */
export function createAccess({ token, tokenOnLoopback, secure, clock }: AccessOptions): Access {
  return {
    check(asker) {
      refuseOtherSites(asker);
      if (showsToken(asker)) return 'token';
      if (tokenOnLoopback || !isLoopbackAddress(asker.peer) || !isLoopbackAddress(asker.local))
        throw unauthorised();
      const host = one(asker.headers['host']);
      if (host !== null && !isLoopbackHost(hostnameOf(host))) {
        throw new HttpProblem('host_not_allowed', 'without the token the station answers to localhost only', {
          remedy: 'Use http://127.0.0.1 or http://localhost, or send the token.',
        });
      }
      return 'loopback';
    },
    login(given) {
      const right = token();
      if (right === null || !isSame(given, right)) throw unauthorised();
      const until = String(clock.now() + sessionS * 1000);
      return cookie(`${until}.${signature(until, right)}`, sessionS);
    },
    logout: () => cookie('', 0),
  };

  function showsToken({ headers }: Asker): boolean {
    const right = token();
    if (right === null) return false;
    const bearer = /^bearer +(\S+)$/i.exec(one(headers['authorization']) ?? '')?.[1];
    if (bearer !== undefined) return isSame(bearer, right);
    const [until = '', mac = ''] = (cookieOf(one(headers['cookie']) ?? '') ?? '').split('.');
    return /^\d{1,16}$/.test(until) && isSame(mac, signature(until, right)) && clock.now() < Number(until);
  }

  function cookie(value: string, maxAgeS: number): string {
    const flags = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}`;
    return `${cookieName}=${value}; ${flags}${secure ? '; Secure' : ''}`;
  }
}

function refuseOtherSites({ method, headers }: Asker): void {
  if (safeMethods.includes(method)) return;
  const origin = one(headers['origin']);
  const foreign = origin !== null && hostOfOrigin(origin) !== one(headers['host'])?.toLowerCase();
  const fetchedFrom = one(headers['sec-fetch-site']);
  if (!foreign && fetchedFrom !== 'cross-site' && fetchedFrom !== 'same-site') return;
  throw new HttpProblem(
    'cross_site',
    'a page of another site may not change anything here, nor have photos analysed',
  );
}

function unauthorised(): HttpProblem {
  return new HttpProblem('unauthorised', 'this needs the token of the station', {
    remedy: 'Send it as Authorization: Bearer <token>; it is in the file that http.token_file names.',
    headers: { 'www-authenticate': 'Bearer realm="muster"' },
  });
}

function signature(until: string, token: string): string {
  return createHmac('sha256', token).update(`session ${until}`).digest('base64url');
}

/** In a time that does not depend on how much of it is right, nor on its length. */
function isSame(given: string, right: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(right));
}

function cookieOf(header: string): string | null {
  const pairs = header.split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${cookieName}=`))?.slice(cookieName.length + 1) ?? null;
}

/** The value of a header field that may stand once only; several are none. */
function one(value: string | string[] | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** Without its port. */
function hostnameOf(host: string): string {
  return host.replace(/:\d*$/, '');
}

function hostOfOrigin(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
