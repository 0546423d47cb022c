import { createHash, randomBytes } from 'node:crypto';

type Fetch = (url: string, headers: Record<string, string>) => Promise<Response>;

const hashes: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256' };

/**
 * Makes a request with the user and the password of its URL, in the way that the server asks for: Basic (RFC 7617) or Digest
 * (RFC 7616, `qop=auth` or none), which many network cameras insist on. The URL that is fetched holds neither.
 */
export async function authorise(url: string, fetchUrl: Fetch): Promise<Response> {
  const address = new URL(url);
  const user = decodeURIComponent(address.username);
  const password = decodeURIComponent(address.password);
  address.username = '';
  address.password = '';
  const response = await fetchUrl(address.href, {});
  const challenge = response.headers.get('www-authenticate');
  if (response.status !== 401 || challenge === null || user === '') return response;
  const authorization = answer(challenge, user, password, address.pathname + address.search);
  if (authorization === null) return response;
  await response.body?.cancel();
  return await fetchUrl(address.href, { authorization });
}

/** The header that answers the challenges of a server; null where none is understood. A digest is preferred. */
export function answer(
  challenge: string,
  user: string,
  password: string,
  uri: string,
  nonceOfClient = randomBytes(8).toString('hex'),
): string | null {
  const digest = /digest\s+([^]*)/i.exec(challenge)?.[1];
  if (digest === undefined) {
    if (!/basic\b/i.test(challenge)) return null;
    return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  }
  const given = new Map(
    Array.from(digest.matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))/g), ([, key, quoted, plain]) => [
      key!.toLowerCase(),
      quoted ?? plain ?? '',
    ]),
  );
  const algorithm = given.get('algorithm') ?? 'MD5';
  const name = hashes[algorithm.toLowerCase()];
  const [realm, nonce] = [given.get('realm') ?? '', given.get('nonce') ?? ''];
  const qop =
    given
      .get('qop')
      ?.split(',')
      .some((word) => word.trim() === 'auth') === true;
  if (name === undefined || (given.has('qop') && !qop)) return null;
  const hash = (...parts: readonly string[]) => createHash(name).update(parts.join(':')).digest('hex');
  const [who, what] = [hash(user, realm, password), hash('GET', uri)];
  const count = '00000001';
  const response = qop ? hash(who, nonce, count, nonceOfClient, 'auth', what) : hash(who, nonce, what);
  const fields = { username: user, realm, nonce, uri, response };
  const quoted = Object.entries(fields).map(([key, value]) => `${key}="${value.replaceAll(/["\\]/g, '')}"`);
  const opaque = given.get('opaque');
  return `Digest ${[
    ...quoted,
    `algorithm=${algorithm}`,
    ...(opaque === undefined ? [] : [`opaque="${opaque}"`]),
    ...(qop ? [`qop=auth, nc=${count}, cnonce="${nonceOfClient}"`] : []),
  ].join(', ')}`;
}
