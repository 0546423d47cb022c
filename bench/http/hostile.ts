/**
 * Requests of people who mean no good, as the bytes that go over the wire: malformed, huge, slow, cut, and after files that are
 * none of their business. The same number gives the same request.
 */

export interface HostileRequest {
  readonly kind: string;
  /** Sent one after the other. */
  readonly chunks: readonly Buffer[];
  /** What follows the last one: wait for an answer, end the connection at once, or say nothing more and hold it. */
  readonly ending: 'wait' | 'cut' | 'hold';
  /** Between two chunks, ms. */
  readonly pauseMs: number;
}

type Random = () => number;
type Make = (random: Random) => Pick<HostileRequest, 'chunks'> & Partial<HostileRequest>;

const text = (value: string) => Buffer.from(value, 'latin1');
const get = (path: string, headers = '') => text(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}\r\n`);
const pick = <T>(random: Random, values: readonly T[]): T =>
  values[Math.floor(random() * values.length)] as T;
const noise = (random: Random, length: number) => Buffer.from(Array.from({ length }, () => random() * 256));
const one = (chunk: Buffer) => ({ chunks: [chunk] });
const formPaths = [
  '/photo_match',
  '/identity',
  '/cached_data',
  '/api/v1/identify',
  '/api/v1/compare',
  '/api/v1/subjects/x/templates',
];

function post(path: string, type: string, body: Buffer, length: number | string = body.length): Buffer {
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`;
  return Buffer.concat([text(head), body]);
}

function part(name: string, content: Buffer | string, more = '; filename="a.jpg"', headers = ''): Buffer {
  return Buffer.concat([
    text(`--x\r\ncontent-disposition: form-data; name="${name}"${more}\r\n${headers}\r\n`),
    Buffer.from(content),
    text('\r\n'),
  ]);
}

const form = (random: Random, ...parts: Buffer[]) =>
  one(
    post(
      pick(random, formPaths),
      'multipart/form-data; boundary=x',
      Buffer.concat([...parts, text('--x--\r\n')]),
    ),
  );

const kinds: Readonly<Record<string, Make>> = {
  'no HTTP': (random) => one(noise(random, 1 + random() * 2000)),
  'half a request': (random) => ({
    chunks: [text('GET /ping HTTP/1.1\r\nho'.slice(0, 1 + random() * 20))],
    ending: 'cut',
  }),
  'a wrong request line': (random) =>
    one(
      text(
        `${pick(random, ['GET', 'GET  /', 'GET /ping HTTP/9.9', 'get /ping HTTP/1.1', ' GET / HTTP/1.1', 'PRI * HTTP/2.0', 'GET http://[::1 HTTP/1.1', 'CONNECT 127.0.0.1:22 HTTP/1.1', 'GET /\0 HTTP/1.1'])}\r\nhost: x\r\n\r\n`,
      ),
    ),
  'another method': (random) =>
    one(
      text(
        `${pick(random, ['TRACE', 'OPTIONS', 'PATCH', 'PUT', 'PROPFIND', 'SEARCH', 'HEAD'])} ${pick(random, formPaths)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
      ),
    ),
  traversal: (random) =>
    one(
      get(
        pick(random, ['/', '/assets/', '/docs/static/', '/docs/', '/api/v1/subjects/', '/api/v1/']) +
          pick(random, [
            '../',
            '..%2f',
            '%2e%2e/',
            '..%5c',
            '..%c0%af',
            '....//',
            '%252e%252e%252f',
            '/etc/../',
            '%00/',
          ]).repeat(1 + random() * 8) +
          pick(random, [
            'etc/passwd',
            'package.json',
            'data/state/CURRENT',
            'station.yaml',
            '%2e%2e',
            'proc/self/environ',
          ]),
      ),
    ),
  'strange ids': (random) =>
    one(
      text(
        `DELETE /api/v1/subjects/${pick(random, ['__proto__', 'constructor', '%00', '%', '%zz', '%F0%9F%98%80', 'a'.repeat(5000), '..', '%2e%2e%2f', "';drop", 'toString'])}${pick(random, ['', '/templates/-1', '/templates/9e99', '/templates/NaN'])} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`,
      ),
    ),
  'a strange query': (random) =>
    one(
      get(
        `/api/v1/${pick(random, ['log', 'events', 'events/stream', 'health'])}?${pick(random, ['limit=1e309', 'limit=-1', `limit=${'9'.repeat(3000)}`, 'limit[]=1&limit[a]=b', '__proto__[x]=1', 'after=%00', 'a=1&'.repeat(1000), 'limit=0x10&limit=1', '%', '&&&=&'])}`,
      ),
    ),
  'a huge header': (random) => one(get('/ping', `x: ${'a'.repeat(17_000 + random() * 100_000)}\r\n`)),
  'many headers': (random) => one(get('/ping', 'x: 1\r\n'.repeat(500 + random() * 5000))),
  'strange headers': (random) =>
    one(
      get(
        '/api/v1/info',
        `${pick(random, ['authorization: Bearer ' + 'x'.repeat(9000), 'cookie: ' + 'a=b; '.repeat(2000), 'cookie: muster_session=....', 'host: evil.example', 'origin: null', 'x-forwarded-for: ' + '1,'.repeat(3000), 'range: bytes=0-,0-,0-,0-', 'last-event-id: -1', 'connection: close, keep-alive, upgrade', 'upgrade: websocket\r\nconnection: upgrade', 'expect: 200-maybe', 'x\0: 1', ': 1', 'content-length: -5', 'te: trailers, deflate;q=9'])}\r\n`,
      ),
    ),
  'two lengths': (random) =>
    one(
      text(
        `POST /photo_match HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=x\r\n${pick(random, ['content-length: 5\r\ntransfer-encoding: chunked', 'content-length: 5\r\ncontent-length: 50', 'transfer-encoding: chunked, identity', 'transfer-encoding : chunked', 'content-length: +5', 'content-length: 5, 5'])}\r\n\r\n0\r\n\r\nGET /api/v1/config HTTP/1.1\r\nhost: x\r\n\r\n`,
      ),
    ),
  'wrong chunks': (random) =>
    one(
      text(
        `POST /photo_match HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=x\r\ntransfer-encoding: chunked\r\n\r\n${pick(random, ['ffffffffffffffff\r\n', '-1\r\nx\r\n', 'zz\r\n', '5;a=' + 'b'.repeat(20_000) + '\r\nhello\r\n', '5\r\nhello'])}`,
      ),
    ),
  'a huge file': (random) => {
    const head = text(
      `POST ${pick(random, formPaths)} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 60000000\r\n\r\n`,
    );
    const start = text('--x\r\ncontent-disposition: form-data; name="photo"; filename="a"\r\n\r\n');
    return { chunks: [head, start, ...Array.from({ length: 16 }, () => Buffer.alloc(2 ** 20, 1))] };
  },
  'a body that never comes': (random) => ({
    chunks: [post(pick(random, formPaths), 'multipart/form-data; boundary=x', text('--x\r\n'), 1_000_000)],
    ending: pick(random, ['cut', 'hold'] as const),
  }),
  'a slow header': () => ({
    chunks: [text('GET /ping HTTP/1.1\r\n'), ...Array.from({ length: 5 }, (_, i) => text(`x-${i}: 1\r\n`))],
    pauseMs: 300,
    ending: 'hold',
  }),
  'a slow body': (random) => ({
    chunks: [
      post(pick(random, formPaths), 'multipart/form-data; boundary=x', text('--x'), 900),
      ...Array.from({ length: 5 }, () => text('a')),
    ],
    pauseMs: 300,
    ending: 'hold',
  }),
  'an upload that is cut': (random) => ({
    chunks: [
      post('/photo_match', 'multipart/form-data; boundary=x', part('reference', noise(random, 3000)), 90_000),
    ],
    ending: 'cut',
  }),
  'no boundary': (random) =>
    one(
      post(
        pick(random, formPaths),
        pick(random, [
          'multipart/form-data',
          'multipart/form-data; boundary=',
          `multipart/form-data; boundary=${'b'.repeat(5000)}`,
          'multipart/mixed; boundary=x',
          'multipart/form-data; boundary="x',
          'application/json',
          'text/plain',
          'image/jpeg',
          'x',
        ]),
        part('reference', 'x'),
      ),
    ),
  'many parts': (random) =>
    form(
      random,
      ...Array.from({ length: 50 + random() * 500 }, (_, i) =>
        part(pick(random, ['reference', `n${i}`]), 'x', ''),
      ),
    ),
  'strange parts': (random) =>
    form(
      random,
      part(
        pick(random, [
          'reference',
          '__proto__',
          'constructor',
          '',
          'a'.repeat(9000),
          'reference\r\nx: y',
          '\0',
          'photo',
        ]),
        noise(random, random() * 200),
        pick(random, [
          '',
          '; filename="../../../etc/passwd"',
          '; filename=""',
          `; filename="${'f'.repeat(5000)}"`,
          "; filename*=UTF-8''%00%00",
          '; name="sample"',
        ]),
        pick(random, [
          '',
          'content-type: multipart/mixed; boundary=y\r\n',
          'content-transfer-encoding: base64\r\n',
          'x: y\r\n'.repeat(300),
          `x: ${'y'.repeat(20_000)}\r\n`,
          'content-length: -1\r\n',
        ]),
      ),
    ),
  'photos that are none': (random) =>
    form(
      random,
      part('reference', noise(random, random() * 5000)),
      part('sample', noise(random, random() * 5000)),
      part('photo', 'GIF89a'),
    ),
  'templates that are none': (random) =>
    one(
      post(
        '/cached_data',
        'multipart/form-data; boundary=x',
        Buffer.concat([
          part(
            'reference',
            pick(random, [
              Buffer.from(
                `{"schema":"muster-gallery/1","fingerprint":"x","dimension":192,"templates":${'['.repeat(5000)}`,
              ),
              Buffer.from('{"__proto__":{"a":1}}'),
              text('\x93NUMPY\x02\x00\xff\xff\xff\xff{}'),
              text("\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'shape': (999999999999,), }"),
              text('\x80\x02cos\nsystem\nU\x02idR.'),
              text('PK\x03\x04' + '\0'.repeat(200)),
              noise(random, 768),
              Buffer.alloc(2 ** 20, 0x7b),
            ]),
          ),
          part('sample', 'x'),
          text('--x--\r\n'),
        ]),
      ),
    ),
  'strange JSON': (random) =>
    one(
      post(
        '/api/v1/login',
        'application/json',
        Buffer.from(
          pick(random, [
            '{',
            '[]',
            'null',
            '{"token":1}',
            '{"token":{}}',
            `{"token":"${'a'.repeat(100_000)}"}`,
            '['.repeat(10_000),
            '{"__proto__":{"token":"x"}}',
            '{"token":"x","token":"y"}',
            '\ufeff{}',
            '"\ud800"',
            '1e999',
          ]),
        ),
      ),
    ),
  'many at once': (random) => ({
    chunks: [Buffer.concat(Array.from({ length: 20 + random() * 80 }, () => get('/ping')))],
    ending: pick(random, ['cut', 'wait'] as const),
  }),
  'a stream that is left': () => ({ chunks: [get('/api/v1/events/stream')], ending: 'cut' }),
};

const names = Object.keys(kinds);

export function hostileRequest(index: number, random: Random): HostileRequest {
  const kind = names[index % names.length] as string;
  const made = (kinds[kind] as Make)(random);
  return { kind, ending: 'wait', pauseMs: 0, ...made };
}
