import { expect, test } from 'vitest';
import type { ReportData } from '../../src/report/contract.ts';
import { reportPage } from '../../src/report/page.ts';

const now = Date.parse('2026-11-23T18:00:00.000Z');
const hostile = `<script>alert(1)</script>"'&`;

const data: ReportData = {
  period: { from: now - 3_600_000, to: now, zone: 'UTC', bucket_minutes: 5, counts_per: 'hour' },
  site: hostile,
  stations: [hostile],
  summary: {
    stations: 1,
    captures: 0,
    accepted: 0,
    accept_rate_pct: null,
    latency_p50_ms: null,
    latency_p95_ms: null,
  },
  over_time: [],
  counts: [],
  reasons: [],
  stages: [],
  per_station: [
    {
      site: hostile,
      station: hostile,
      captures: 0,
      accepted: 0,
      accept_rate_pct: null,
      similarity_median: null,
      latency_p50_ms: null,
      latency_p95_ms: null,
      last_seen: null,
      cpu_temp_max_c: 50,
      throttled_pct: null,
      outbox_max: null,
    },
  ],
  health: [
    { site: hostile, station: hostile, points: [{ at: now - 600_000, cpu_temp_c: 50, outbox_depth: null }] },
  ],
};

test('whatever a database holds is text on the page, also in charts and legends', () => {
  const page = reportPage(data, now);
  expect(page).not.toContain('<script');
  expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;');
});

test('a period without captures says so, and shows the health', () => {
  const page = reportPage(data, now);
  expect(page).toContain('took no capture');
  expect(page).toContain('<h2>Temperature</h2>');
  expect(page).not.toContain('<h2>Events waiting</h2>');
});
