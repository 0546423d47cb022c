import { isoTime, type EpochMs } from '../lib/clock.ts';
import { packageVersion } from '../lib/package.ts';
import type { ReportData } from './contract.ts';
import { html, trusted, type Html } from './html.ts';
import { checkinsOverTime, latencies, rateOverTime, reasonsOf, similarities } from './sections.ts';
import { healthSections, stationTable } from './health.ts';
import { style } from './style.ts';
import { whenOf } from './words.ts';

/**
 * The report as one file: no script, and nothing from elsewhere, so that it can be mailed and kept. The policy in its
 * head has the browser refuse both, whatever should get into the data.
 */
export function reportPage(data: ReportData, madeAt: EpochMs): string {
  const { summary, period } = data;
  const when = whenOf(period);
  const span = `${when.moment(period.from)} to ${when.moment(period.to)}`;
  const scope = [
    data.site === null ? 'all sites' : `site ${data.site}`,
    data.stations.length === 0 ? 'all stations' : `stations ${data.stations.join(', ')}`,
  ].join(', ');
  const rate = summary.accept_rate_pct;
  const captured = summary.captures > 0;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="referrer" content="no-referrer" />
        <title>Muster report, ${span}</title>
        <style>
          ${trusted(style)}
        </style>
      </head>
      <body>
        <header>
          <h1>Check-in report</h1>
          <p class="quiet">
            <time datetime="${isoTime(period.from)}">${when.moment(period.from)}</time> to
            <time datetime="${isoTime(period.to)}">${when.moment(period.to)}</time> (${period.zone}), ${scope}
          </p>
        </header>
        <main>
          <dl class="tiles">
            ${[
              tile('Captures', summary.captures.toLocaleString('en')),
              tile('Check-ins', summary.accepted.toLocaleString('en')),
              tile('Accept rate', rate === null ? '–' : `${rate.toFixed(1)} %`),
              tile('Stations', `${summary.stations}`),
              tile('Latency, median', milliseconds(summary.latency_p50_ms)),
              tile('Latency, p95', milliseconds(summary.latency_p95_ms)),
            ]}
          </dl>
          ${captured ? [rateOverTime(data), checkinsOverTime(data), reasonsOf(data), ...latencies(data), similarities(data)] : [noCaptures]}
          ${stationTable(data)} ${healthSections(data)}
        </main>
        <footer>
          <p>
            Made by muster ${packageVersion} at ${when.moment(madeAt)}. Times are those of ${period.zone}. No
            names and no images are in the database, and none are in this report.
          </p>
        </footer>
      </body>
    </html> `;
  return page.html;
}

const noCaptures = html`<section>
  <h2>No captures</h2>
  <p>The stations sent their health in this period, but took no capture.</p>
</section>`;

function tile(name: string, figure: string): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${figure}</dd>
  </div>`;
}

function milliseconds(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(0)} ms`;
}
