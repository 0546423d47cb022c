import type { Incoming } from '../broker/contract.ts';
import { messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Outbox } from '../telemetry/contract.ts';
import { ackSchema } from './ack-payload.ts';
import type { RemoteFeature } from './contract.ts';

/** Larger ones are not read: an ack of 1,000 ranges has about 30 KB. */
const maxBytes = 32 * 1024;

/** Deletes from the outbox what a consumer acknowledges. */
export function createAcks({
  topic,
  outbox,
  log,
}: {
  topic: string;
  outbox: Outbox;
  log: Log;
}): RemoteFeature {
  return {
    filters: [topic],
    onMessage: (message) => void take(message),
  };

  async function take({ payload, retain }: Incoming): Promise<void> {
    // One that was retained by mistake speaks of events that may be long gone; it does no harm and no good.
    if (retain) return;
    try {
      if (payload.length > maxBytes) throw new Error(`it has ${payload.length} bytes`);
      const { stream, seqs } = ackSchema.parse(JSON.parse(payload.toString()));
      await outbox.acknowledge(stream, seqs);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'an ack was passed over');
    }
  }
}
