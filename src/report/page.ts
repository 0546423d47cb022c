import { isoTime, type EpochMs } from '../lib/clock.ts';
import { packageVersion } from '../lib/package.ts';
import type { ReportData } from './contract.ts';
import { documentOf, tiles } from '../document/page.ts';
import { html } from '../document/html.ts';
import { checkinsOverTime, latencies, rateOverTime, reasonsOf, similarities } from './sections.ts';
import { healthSections, stationTable } from './health.ts';
import { whenOf } from './words.ts';

/** The report as one file. */
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
  return documentOf({
    title: `Muster report, ${span}`,
    header: html`<h1>Check-in report</h1>
      <p class="quiet">
        <time datetime="${isoTime(period.from)}">${when.moment(period.from)}</time> to
        <time datetime="${isoTime(period.to)}">${when.moment(period.to)}</time> (${period.zone}), ${scope}
      </p>`,
    main: [
      tiles([
        ['Captures', summary.captures.toLocaleString('en')],
        ['Check-ins', summary.accepted.toLocaleString('en')],
        ['Accept rate', rate === null ? '–' : `${rate.toFixed(1)} %`],
        ['Stations', `${summary.stations}`],
        ['Latency, median', milliseconds(summary.latency_p50_ms)],
        ['Latency, p95', milliseconds(summary.latency_p95_ms)],
      ]),
      ...(captured
        ? [
            rateOverTime(data),
            checkinsOverTime(data),
            reasonsOf(data),
            ...latencies(data),
            similarities(data),
          ]
        : [noCaptures]),
      stationTable(data),
      ...healthSections(data),
    ],
    footer: html`<p>
      Made by muster ${packageVersion} at ${when.moment(madeAt)}. Times are those of ${period.zone}. No names
      and no images are in the database, and none are in this report.
    </p>`,
  });
}

const noCaptures = html`<section>
  <h2>No captures</h2>
  <p>The stations sent their health in this period, but took no capture.</p>
</section>`;

function milliseconds(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(0)} ms`;
}
