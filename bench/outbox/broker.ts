import pino from 'pino';
import { createEmbeddedBroker } from '../../src/broker/embedded.ts';

/** A process of its own with the embedded broker: it tells its parent where it listens, and ends with it. */

const broker = createEmbeddedBroker({ host: '127.0.0.1', port: 0, log: pino({ level: 'silent' }) });
await broker.start();
process.on('disconnect', () => process.exit());
process.send?.(broker.url());
