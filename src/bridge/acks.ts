import type { Session } from '../broker/contract.ts';
import { stationTopics } from '../broker/topics.ts';
import { rangesOf } from '../lib/ranges.ts';
import type { EventNumber } from './contract.ts';

/** Ranges in one message at the most: the contract's limit, which also keeps it below 32 KB. */
const maxRanges = 1_000;

export interface StationAcks {
  /** The database has this event, or never will. */
  add(event: EventNumber): void;
  /**
   * Tells the stations. What can't be told is dropped: a station that waits for it sends the event again, which makes the same point.
   */
  flush(): void;
}

/** Gathers event numbers into ranges: one message for each station and stream. */
export function createStationAcks(session: () => Session | null): StationAcks {
  const open = new Map<string, { topic: string; stream: string; seqs: Set<number> }>();

  return {
    add({ site, station, stream, seq }) {
      const key = `${site}/${station}/${stream}`;
      let one = open.get(key);
      if (one === undefined) {
        one = { topic: stationTopics({ site, station }).ack, stream, seqs: new Set() };
        open.set(key, one);
      }
      one.seqs.add(seq);
    },
    flush() {
      const to = session();
      for (const { topic, stream, seqs } of open.values()) {
        const ranges = rangesOf(seqs);
        for (let i = 0; i < ranges.length; i += maxRanges) {
          const payload = JSON.stringify({ stream, seqs: ranges.slice(i, i + maxRanges) });
          to?.publish(topic, payload, { qos: 1, retain: false }).catch(() => undefined);
        }
      }
      open.clear();
    },
  };
}
