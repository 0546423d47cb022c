import { z } from 'zod';
import { optionalText, secret, section, text, whole } from '../kinds.ts';

const databaseUrl = z
  .string()
  .regex(/^https?:\/\/[^\s/@?#]+(\/[^\s?#]*)?$/)
  .refine((url) => URL.canParse(url))
  .nullable()
  .default(null)
  .describe('The database that muster bridge writes to: InfluxDB 1.8, 2 or 3, or VictoriaMetrics.')
  .meta({
    allowed:
      'a URL that starts with http:// or https:// and holds no user name, password or query, such as http://influx.example:8086, or null',
  });

export const influx = section(
  'The database of muster bridge.',
  {
    url: databaseUrl,
    org: text('muster', 'Organisation in InfluxDB 2; the others take no notice of it.'),
    bucket: text(
      'muster',
      'Bucket in InfluxDB 2, database in InfluxDB 3; in InfluxDB 1.8 the database, or <database>/<retention policy>.',
    ),
    token: secret(
      optionalText(
        'Token of InfluxDB 2 and 3, with the right to write. Better kept in a file, see token_file.',
      ),
    ),
    token_file: optionalText('File that holds the token, read at each start.'),
    username: optionalText('User name of InfluxDB 1.8, or where a proxy asks for one.'),
    password: secret(optionalText('Password of that user. Better kept in a file, see password_file.')),
    password_file: optionalText('File that holds the password, read at each start.'),
    timeout_s: whole(1, 300, 10, 'Seconds until a request to the database is given up and made again.'),
  },
  (value, conflict) => {
    if (value.token !== null && value.token_file !== null) {
      conflict('token_file', 'is set beside influx.token; keep one of the two');
    }
    if (value.password !== null && value.password_file !== null) {
      conflict('password_file', 'is set beside influx.password; keep one of the two');
    }
    if (value.username !== null && (value.token !== null || value.token_file !== null)) {
      conflict('username', 'is set beside influx.token; keep one of the two');
    }
    if (value.username === null && (value.password !== null || value.password_file !== null)) {
      conflict('password', 'needs influx.username beside it');
    }
  },
);
