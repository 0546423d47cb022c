import type { Socket } from 'node:net';
import { HttpProblem, problemDocument, statusOf, titleOf, type ProblemCode } from './problem.ts';

/** What Node's parser says (llhttp's codes and its own). */
const codes: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};

const words: Partial<Record<ProblemCode, string>> = {
  headers_too_large: 'the header has more than 16 KiB',
  request_timeout: 'the request did not arrive in time',
};

/** Answers what is no HTTP, too large a header, or too slow, and ends its connection. */
export function refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (socket.destroyed || !socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code = codes[error.code ?? ''] ?? 'bad_request';
  const problem = problemDocument(new HttpProblem(code, words[code] ?? 'this is no HTTP request'));
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${statusOf(code)} ${titleOf(code)}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
