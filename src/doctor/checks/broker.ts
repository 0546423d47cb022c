import { randomUUID } from 'node:crypto';
import { brokerUrlAt } from '../../broker/address.ts';
import { openSession } from '../../broker/client.ts';
import { connectionOptions } from '../../broker/open.ts';
import { galleryTopics, stationTopics } from '../../broker/topics.ts';
import { mqttClientId } from '../../config/derived.ts';
import { systemClock } from '../../lib/clock.ts';
import { messageOf, MusterError } from '../../lib/errors.ts';
import { createLog } from '../../lib/log.ts';
import { failure, none, ok, type Check, type CheckContext, type Finding } from '../contract.ts';

/** The broker: reached, with TLS and the user's password, and with the rights that a station needs. It takes a client id of its own. */
export const broker: Check = {
  name: 'broker',
  async run(context) {
    const { config, signal } = context;
    const { mqtt } = config;
    const own = mqtt.url === null;
    const url = mqtt.url ?? brokerUrlAt(mqtt.embedded.host, mqtt.embedded.port);
    if (own && mqtt.embedded.port === 0) return none("the station's own broker takes any free port");
    const options = connectionOptions(config, {
      clock: systemClock,
      log: createLog('silent'),
      random: Math.random,
    });
    const version = own || options.version === '3.1.1' ? '3.1.1' : '5';
    const open = async (wanted: '5' | '3.1.1') =>
      await openSession({
        ...options,
        ...(await options.credentials()),
        url,
        version: wanted,
        clientId: `${mqttClientId(config)}-doctor`.slice(0, 64),
        sessionId: randomUUID(),
        // Cleared by the goodbye; it says nothing where it is published all the same.
        will: { topic: stationTopics(config).alert('doctor'), payload: '' },
        sessionExpiryS: 0,
        onMessage: () => undefined,
        signal,
      });
    try {
      const session = await open(version).catch(async (error: unknown) => {
        const older =
          error instanceof MusterError && error.code === 'broker_protocol' && options.version === 'auto';
        if (!older) throw error;
        return await open('3.1.1');
      });
      const reached = ok(`${own ? "the station's own broker" : url} answers (MQTT ${session.version})`);
      const rights = await rightsOf(session, context);
      await session.end();
      return [reached, ...rights];
    } catch (error) {
      if (own)
        return none(`the station's own broker is not there: it runs with the station (muster station)`);
      const remedy = error instanceof MusterError ? error.remedy : undefined;
      return failure(messageOf(error), remedy ?? 'Check mqtt.url, the network, and that the broker runs.');
    }
  },
};

type Session = Awaited<ReturnType<typeof openSession>>;

/** Asks for what a station reads, and writes what does no harm: an empty alert, and an answer to no command. */
async function rightsOf(session: Session, { config }: CheckContext): Promise<Finding[]> {
  const topics = stationTopics(config);
  const remedy = `Give the station's user these rights in the broker's ACL; deploy/mosquitto/acl is an example.`;
  const refused: string[] = [];
  const filters = [topics.cmd('+'), topics.configDesired, topics.siteConfigDesired, topics.ack];
  if (config.gallery.public_key !== null || config.gallery.public_key_file !== null)
    filters.push(galleryTopics(config.site, config.gallery.name).manifest);
  for (const filter of filters) await session.subscribe([filter]).catch(() => refused.push(`read ${filter}`));
  const answer = JSON.stringify({ id: null, ok: true, data: {} });
  const writes = [
    [topics.alert('doctor'), '', true],
    [topics.res('doctor'), answer, false],
  ] as const;
  for (const [topic, payload, retain] of writes)
    await session.publish(topic, payload, { qos: 1, retain }).catch(() => refused.push(`write ${topic}`));
  if (refused.length > 0) return [failure(`the broker refuses the station to ${refused.join(', ')}`, remedy)];
  const blind =
    session.version === '5' ? '' : ' (in MQTT 3.1.1 a broker can not say that it refuses a message)';
  return [ok(`the station may read and write what it needs${blind}`)];
}
