import { useEffect, useReducer } from 'preact/hooks';
import type { InfoPayload, MetricsPayload } from '../../../telemetry/payloads.ts';
import { Problem, type Api } from '../lib/api.ts';
import type { LogLine, StationHealth, ShownEvent } from '../lib/contract.ts';
import { followStation } from '../lib/live.ts';
import { reloadWhenNewer } from '../lib/newer.ts';
import { keptEvents, told, unknownStation, type Station } from './station.ts';

/** The station, as it is now and while it changes. Each connection begins with asking for all of it. */
export function useStation(api: Api): Station {
  const [station, tell] = useReducer(told, unknownStation);
  useEffect(() => {
    const know = (facts: Partial<Station>) => tell({ kind: 'known', facts });

    async function askForAll(): Promise<void> {
      const [health, info, metrics, recent, log] = await Promise.all([
        healthOf(api),
        api.get<InfoPayload>('info').catch(orNull),
        api.get<MetricsPayload>('metrics').catch(orNull),
        api.get<{ events: ShownEvent[] }>(`events?limit=${keptEvents}`).catch(orNull),
        api.get<{ lines: LogLine[] }>('log?limit=200').catch(orNull),
      ]);
      know({
        ...(health === null
          ? {}
          : {
              state: { state: health.state, since: health.since },
              health: health.health,
              alerts: health.alerts,
            }),
        ...(recent === null ? {} : { events: recent.events }),
        ...(log === null ? {} : { log: log.lines }),
        info,
        metrics,
      });
    }

    return followStation({
      api,
      onStatus(status) {
        know({ status });
        if (status !== 'live') return;
        void askForAll();
        void reloadWhenNewer();
      },
      on: {
        state: (state) => know({ state }),
        info: (info) => know({ info }),
        health: (health) => know({ health }),
        metrics: (metrics) => know({ metrics }),
        checkin: (event) => tell({ kind: 'checkin', event }),
        alert: ({ id, alert }) => tell({ kind: 'alert', id, alert }),
        log: (line) => tell({ kind: 'log', line }),
      },
    });
  }, [api]);
  return station;
}

/** A station that is not well answers 503, and still tells why. */
async function healthOf(api: Api): Promise<StationHealth | null> {
  try {
    return await api.get<StationHealth>('health');
  } catch (error) {
    return error instanceof Problem && error.body !== null && 'state' in error.body
      ? (error.body as unknown as StationHealth)
      : null;
  }
}

function orNull(): null {
  return null;
}
