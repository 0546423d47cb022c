import { z } from 'zod';
import { optionalText, remote, secret, section, text, whole } from '../kinds.ts';

const brokerUrl = z
  .string()
  .regex(/^(mqtt|mqtts|ws|wss):\/\/[^\s/@?#]+([/?]\S*)?$/)
  .refine((url) => URL.canParse(url))
  .nullable()
  .default(null)
  .describe('The broker. While it is null, the station runs a broker of its own, see embedded.')
  .meta({
    allowed:
      'a URL that starts with mqtt://, mqtts://, ws:// or wss:// and holds no user name or password, such as mqtts://broker.example:8883, or null',
  });

const embedded = section("The station's own broker, which runs while mqtt.url is null.", {
  host: text('127.0.0.1', 'Address to listen on. It has no access control: keep it on loopback.'),
  port: whole(0, 65_535, 1883, 'TCP port to listen on; 0 takes any free one.'),
});

export const mqtt = section(
  'The connection to the MQTT broker.',
  {
    url: remote(brokerUrl),
    version: z
      .union([z.literal('auto'), z.literal(5), z.literal(3)])
      .default('auto')
      .describe('MQTT version: 5, 3 (meaning 3.1.1), or auto for 5 where the broker has it and else 3.1.1.'),
    username: optionalText('User name at the broker.'),
    password: secret(optionalText('Password at the broker. Better kept in a file, see password_file.')),
    password_file: optionalText('File that holds the password, read at each connection.'),
    client_id: optionalText(
      'Client id at the broker, one for each station. Null means muster-<site>-<station>.',
    ),
    ca_file: optionalText(
      "PEM file with the certificate authority of the broker, where it is not one of Node's own.",
    ),
    cert_file: optionalText("PEM file with the station's client certificate. Needs key_file too."),
    key_file: optionalText('PEM file with the private key of the client certificate. Needs cert_file too.'),
    keepalive_s: remote(
      whole(
        5,
        65_535,
        30,
        'Seconds between signs of life; the broker tells of a lost station after one and a half times that.',
      ),
    ),
    session_expiry_s: whole(
      0,
      4_294_967_294,
      86_400,
      'Seconds for which the broker keeps what the station missed while it was away (commands, settings, gallery); 0 for none.',
    ),
    connect_timeout_s: whole(1, 300, 10, 'Seconds until an attempt to connect is given up.'),
    reconnect_min_ms: whole(
      50,
      60_000,
      500,
      'Milliseconds before the first attempt to connect again; doubled at each further one.',
    ),
    reconnect_max_ms: whole(
      50,
      3_600_000,
      30_000,
      'Milliseconds between attempts to connect again, at the most.',
    ),
    probation_s: whole(
      5,
      3600,
      60,
      'Seconds for the station to be back on the broker after settings of this section were changed over MQTT; then they are rolled back.',
    ),
    in_flight: whole(1, 1000, 32, 'Number of events sent before the first of them is acknowledged.'),
    embedded,
  },
  (value, conflict) => {
    if (value.password !== null && value.password_file !== null) {
      conflict('password_file', 'is set beside mqtt.password; keep one of the two');
    }
    if (value.cert_file !== null && value.key_file === null) {
      conflict('cert_file', 'needs mqtt.key_file beside it');
    }
    if (value.key_file !== null && value.cert_file === null) {
      conflict('key_file', 'needs mqtt.cert_file beside it');
    }
    if (value.reconnect_min_ms > value.reconnect_max_ms) {
      conflict(
        'reconnect_min_ms',
        `is ${value.reconnect_min_ms} and must not exceed mqtt.reconnect_max_ms, which is ${value.reconnect_max_ms}`,
      );
    }
  },
);
