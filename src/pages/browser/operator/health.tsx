import type { JSX } from 'preact';
import { countOf, dash, megabytes, milliseconds, number, span } from '../lib/format.ts';
import type { Station } from './station.ts';

interface Tile {
  readonly name: string;
  readonly figure: string;
  readonly more: string;
  /** Something that a person should look at. */
  readonly watch: boolean;
}

/** The board and what the station does on it. A tile that needs a look says so in words and colour. */
export function Health({ station }: { readonly station: Station }): JSX.Element {
  return (
    <section aria-label="Health">
      <dl class="tiles">
        {tilesOf(station).map(({ name, figure, more, watch }) => (
          <div key={name} data-tone={watch ? 'watch' : undefined}>
            <dt>{name}</dt>
            <dd>
              {figure}
              <span>{watch ? `▲ ${more}` : more}</span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function tilesOf({ health, info, metrics, alerts }: Station): Tile[] {
  const broker = alerts.find(({ id }) => id.startsWith('broker-') || id === 'client-id-taken');
  const clock = health?.clock ?? 'unknown';
  const { disk = null, memory, outbox } = health ?? {};
  return [
    {
      name: 'Accept rate',
      figure: metrics?.accept_rate_pct == null ? dash : `${number(metrics.accept_rate_pct)} %`,
      more: metrics === null ? '' : `${countOf(metrics.captures, 'capture')} in ${span(metrics.window_s)}`,
      watch: false,
    },
    {
      name: 'Gallery',
      figure: number(info?.gallery.subjects),
      more:
        info === null
          ? ''
          : `${info.gallery.subjects === 1 ? 'subject' : 'subjects'}, ${countOf(info.gallery.templates, 'template')}`,
      watch: info?.gallery.templates === 0,
    },
    {
      name: 'Broker',
      figure: health === null ? dash : broker === undefined ? 'Connected' : 'Away',
      more: broker === undefined ? 'events go out' : 'events are kept',
      watch: broker !== undefined,
    },
    {
      name: 'Outbox',
      figure: number(outbox?.depth),
      more:
        outbox?.oldest_age_s == null
          ? 'events waiting'
          : `waiting, the oldest for ${span(outbox.oldest_age_s)}`,
      watch: (outbox?.oldest_age_s ?? 0) > 60,
    },
    {
      name: 'Temperature',
      figure: health?.cpu_temp_c == null ? dash : `${number(health.cpu_temp_c)} °C`,
      more:
        health?.cpu_temp_c == null
          ? 'not told by this board'
          : health.throttled === true
            ? 'throttled'
            : 'not throttled',
      watch: health?.throttled === true || (health?.cpu_temp_c ?? 0) >= 80,
    },
    {
      name: 'Memory',
      figure: megabytes(memory?.rss_mb),
      more: memory === undefined ? '' : `${megabytes(memory.free_mb)} free of ${megabytes(memory.total_mb)}`,
      watch: memory !== undefined && memory.free_mb < memory.total_mb * 0.05,
    },
    {
      name: 'Disk',
      figure: megabytes(disk?.free_mb),
      more: disk === null ? '' : `free of ${megabytes(disk.total_mb)}`,
      watch: disk !== null && disk.free_mb < Math.min(512, disk.total_mb * 0.05),
    },
    {
      name: 'Clock',
      figure: clock === 'synced' ? 'Synced' : clock === 'unsynced' ? 'Not synced' : 'Not known',
      more: `up for ${span(health?.uptime_s)}`,
      watch: clock === 'unsynced',
    },
    {
      name: 'Event loop',
      figure: milliseconds(health?.event_loop_p99_ms),
      more: 'delay, p99',
      watch: (health?.event_loop_p99_ms ?? 0) > 100,
    },
  ];
}
