import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReportData } from '../../src/report/contract.ts';
import { createInfluxQuery } from '../../src/report/database.ts';
import { reportPage } from '../../src/report/page.ts';
import { periodOf } from '../../src/report/period.ts';
import { readReport } from '../../src/report/queries.ts';
import { hasChromium, startChromium, withoutChromium } from '../support/chromium.ts';
import { aFleet, fleetLines, working } from '../support/fleet-data.ts';
import { hasInfluxd, startInfluxd, withoutInfluxd, type Influxd } from '../support/influxd.ts';

/** With MUSTER_SCREENSHOTS=<folder> the pictures are kept there, for a person to look at. */
const keep = process.env['MUSTER_SCREENSHOTS'];
const missing = [hasInfluxd ? [] : withoutInfluxd, hasChromium ? [] : withoutChromium].flat().join(', ');

const now = Date.parse('2026-11-23T18:00:00.000Z');

describe.skipIf(missing !== '')(`the report in Chromium${missing && `, ${missing}`}`, () => {
  let influxd: Influxd;
  let browser: Browser;
  let data: ReportData;
  beforeAll(async () => {
    [influxd, browser] = await Promise.all([startInfluxd(), startChromium()]);
    await influxd.write('muster', fleetLines(aFleet, now - 7 * 86_400_000, now, working));
    const query = createInfluxQuery({
      url: influxd.url,
      bucket: 'muster',
      token: null,
      login: null,
      timeoutMs: 20_000,
      signal: AbortSignal.timeout(60_000),
    });
    const period = periodOf('-7d', 'now', 'Europe/Berlin', now);
    const read = await readReport(query, { period, site: null, stations: [] });
    if (read === null) throw new Error('no data');
    data = read;
  });
  afterAll(async () => {
    await browser.close();
    await influxd.stop();
  });

  test.each([
    [360, 'light'],
    [360, 'dark'],
    [1024, 'light'],
    [1024, 'dark'],
    [1920, 'light'],
    [1920, 'dark'],
  ] as const)('at %i px, %s: nothing is cut, fetched or complained about', async (width, colorScheme) => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const fetched: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('request', (request) => fetched.push(request.url()));
    await page.setContent(reportPage(data, now), { waitUntil: 'load' });
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    expect({ complaints, fetched }).toEqual({ complaints: [], fetched: [] });
    // A chart of either size is seen, never both.
    const seen = await page.locator('svg:visible').count();
    expect(seen).toBe(await page.locator('figure').count());
    const smallest = await page.evaluate(
      `Math.min(...[...document.querySelectorAll('svg text')].filter((text) => text.checkVisibility())
        .map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))`,
    );
    expect(smallest).toBeGreaterThanOrEqual(10);
    if (keep !== undefined) {
      await mkdir(keep, { recursive: true });
      await page.screenshot({ path: join(keep, `report-${width}-${colorScheme}.png`), fullPage: true });
    }
    await page.close();
  });

  test('it reads well to those who hear it: headings, charts with a name, tables with heads', async () => {
    const page = await browser.newPage();
    await page.setContent(reportPage(data, now));
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.getByRole('heading', { level: 2 }).allTextContents()).toEqual([
      'Accept rate over time',
      'Check-ins per day',
      'Reasons of rejection',
      'Latency per stage',
      'Latency over time',
      'Similarity over time',
      'Stations',
      'Temperature',
      'Events waiting',
    ]);
    for (const image of await page.getByRole('img').all()) {
      expect(await image.getAttribute('aria-label')).toMatch(/\w{4,}/);
    }
    expect(await page.getByRole('img').count()).toBe(8);
    expect(await page.getByRole('table').count()).toBe(9);
    await page.close();
  });
});
