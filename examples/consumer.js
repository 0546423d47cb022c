// Prints each check-in of a site once, and tells the stations that it has it. See docs/mqtt.md.
import { readFileSync } from 'node:fs';
import { connect } from 'mqtt';

const { MQTT_URL = 'mqtt://127.0.0.1:1883', SITE = 'default', ...env } = process.env;
const file = (name) => env[name] && readFileSync(env[name]);
const names = { clientId: env.CLIENT_ID ?? 'consumer-1', username: env.MQTT_USERNAME };
const secrets = { ca: file('CA_FILE'), cert: file('CERT_FILE'), key: file('KEY_FILE') };
const properties = { sessionExpiryInterval: 86_400 }; // the broker keeps what is missed for a day
const session = { protocolVersion: Number(env.MQTT_VERSION ?? 5), clean: false, properties };
const client = connect(MQTT_URL, { ...names, ...secrets, ...session, password: env.MQTT_PASSWORD });
const seen = new Set(); // the newest ids; with a database, make event_id a unique key there instead
let received = new Map(); // '<topic of ack> <stream>' → ranges of seq

client.on('connect', () => client.subscribe(`muster/1/${SITE}/+/checkin`, { qos: 1 }));
client.on('error', (error) => console.error(error.message));
client.on('message', (topic, payload) => {
  try {
    const { event_id: id, stream, seq, captured_at: at, decision, subject, reason } = JSON.parse(payload);
    if (!seen.has(id)) console.log(at, topic.split('/')[3], decision, subject ?? reason, id);
    if (seen.add(id).size > 10_000) seen.delete(seen.values().next().value);
    const key = `${topic.replace(/checkin$/, 'ack')} ${stream}`;
    const ranges = received.get(key) ?? [];
    if (ranges.at(-1)?.[1] === seq - 1) ranges.at(-1)[1] = seq;
    else received.set(key, [...ranges, [seq, seq]]);
  } catch (error) {
    console.error(`passed over: ${error.message}`);
  }
});

function acknowledge() {
  for (const [key, seqs] of received) {
    const [topic, stream] = key.split(' ');
    client.publish(topic, JSON.stringify({ stream, seqs }), { qos: 1 });
  }
  received = new Map();
}
setInterval(acknowledge, 200);
const stop = () => acknowledge() || client.end(() => process.exit());
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
