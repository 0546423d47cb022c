import { isLoopbackHost } from '../../lib/loopback.ts';
import { decimal, flag, optionalText, secret, section, text, whole } from '../kinds.ts';

/** A token that can be guessed is none. */
const shortestToken = 16;

const limits = section('What requests may take, so that nobody can keep the station from its work.', {
  photo_mb: decimal(0.1, 128, 12, 'Size of a photo in a request at the most, MiB.'),
  requests: whole(
    1,
    256,
    8,
    'Requests with photos that may be open at once; they are worked on one after the other, between the captures. Further ones are answered 503 at once.',
  ),
  requests_per_min: whole(
    0,
    1_000_000,
    1200,
    'Requests that one address may make in a minute; 0 for any number.',
  ),
  connections: whole(4, 10_000, 256, 'Connections that may be open at once; further ones are closed.'),
  streams: whole(1, 1000, 16, 'Streams of events (/api/v1/events/stream) that may be open at once.'),
  receive_s: whole(1, 600, 30, 'Seconds in which a request must have arrived as a whole.'),
});

export const http = section(
  "The station's own API and pages.",
  {
    host: text(
      '127.0.0.1',
      'Address to listen on: loopback, another one of this machine, or 0.0.0.0 and :: for all. Other than loopback needs a token.',
    ),
    port: whole(0, 65_535, 8080, 'TCP port to listen on; 0 for no API and no pages.'),
    token: secret(
      optionalText(
        `What clients must show (Authorization: Bearer …), at least ${shortestToken} characters. Better kept in a file, see token_file.`,
      ),
    ),
    token_file: optionalText('File that holds the token. A changed file counts within a minute.'),
    token_on_loopback: flag(
      false,
      'Ask for the token on loopback too: needed where a reverse proxy on this machine hands requests of others on.',
    ),
    cert_file: optionalText(
      'PEM file with the certificate (and those between it and the authority), for HTTPS. Needs key_file too. A changed file counts within a minute.',
    ),
    key_file: optionalText('PEM file with the private key of the certificate. Needs cert_file too.'),
    preview: flag(
      false,
      "Show the camera's picture to whoever may use the API without a token, for enrolment at the station's own screen; with the operator's token it is shown in any case.",
    ),
    limits,
  },
  (value, conflict) => {
    const hasToken = value.token !== null || value.token_file !== null;
    if (value.token !== null && value.token_file !== null) {
      conflict('token_file', 'is set beside http.token; keep one of the two');
    }
    if (value.token !== null && value.token.length < shortestToken) {
      conflict('token', `has ${value.token.length} characters, and must have at least ${shortestToken}`);
    }
    if (value.port !== 0 && !hasToken && !isLoopbackHost(value.host)) {
      conflict(
        'host',
        `is ${value.host}, which others can reach: set http.token_file (openssl rand -hex 32 > token), or keep it at 127.0.0.1`,
      );
    }
    if (value.token_on_loopback && !hasToken) {
      conflict('token_on_loopback', 'needs http.token_file, or http.token, beside it');
    }
    if (value.cert_file !== null && value.key_file === null) {
      conflict('cert_file', 'needs http.key_file beside it');
    }
    if (value.key_file !== null && value.cert_file === null) {
      conflict('key_file', 'needs http.cert_file beside it');
    }
  },
);
