import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { startServed } from '../http/support.ts';
import { hasChromium, startChromium, withoutChromium } from '../support/chromium.ts';

/** With SCREENSHOTS=<folder> the pictures are kept there, for a person to look at. */
const keep = process.env['SCREENSHOTS'];
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const sizes = [360, 1024, 1920] as const;

describe.skipIf(!hasChromium)(`the pages in Chromium${hasChromium ? '' : `, ${withoutChromium}`}`, () => {
  const cleaning: (() => void)[] = [];
  let browser: Browser;
  let station: Awaited<ReturnType<typeof startServed>>;

  beforeAll(async () => {
    const cleanUp = (work: () => void) => void cleaning.unshift(work);
    [browser, station] = await Promise.all([
      startChromium(),
      startServed({ MUSTER_TELEMETRY__METRICS_S: '1' }, { people: ['alice'], cleanUp }),
    ]);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await station.stop();
    for (const work of cleaning) work();
  });

  /** A page of the station, and what its console said. */
  async function open(path: string, width = 1024, colorScheme: 'light' | 'dark' = 'light') {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const elsewhere: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(station.url) && !/^(blob|data):/.test(url)) elsewhere.push(url);
    });
    await page.goto(`${station.url}${path}`);
    await page.locator('h1, h2').first().waitFor();
    return { page, complaints, elsewhere };
  }

  async function drop(name: string, photo: Buffer): Promise<void> {
    const part = join(station.dir, 'data', 'inbox', `.${name}.part`);
    await writeFile(part, photo);
    await rename(part, join(station.dir, 'data', 'inbox', name));
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (keep === undefined) return;
    await mkdir(keep, { recursive: true });
    await page.screenshot({ path: join(keep, `${name}.png`) });
  }

  test('somebody is enrolled by upload, and the kiosk and the operator see their check-in', async () => {
    const operator = await open('/operator', 1920);
    await operator.page.getByRole('link', { name: 'People' }).click();
    await operator.page.getByLabel('Subject', { exact: true }).fill('bella');
    await operator.page
      .locator('#photos')
      .setInputFiles({ name: 'bella.jpg', mimeType: 'image/jpeg', buffer: await portraits.bella() });
    await operator.page.getByRole('button', { name: 'Add 1 photo to bella' }).click();
    await operator.page.getByText('bella is enrolled with 1 photo more.').waitFor();

    await picture(operator.page, 'operator-people-1920');
    await operator.page.getByRole('link', { name: 'Now' }).click();

    const kiosk = await open('/kiosk');
    await kiosk.page.locator('.kiosk[data-tone]').waitFor();
    await drop('bella.jpg', await portraits.bellaAgain());
    await kiosk.page.locator('.kiosk[data-tone="good"]').waitFor();
    await picture(kiosk.page, 'kiosk-accepted-1024');
    await operator.page.locator('.events tbody tr', { hasText: 'bella' }).waitFor();
    await picture(operator.page, 'operator-1920');

    await drop('stranger.jpg', await portraits.stranger());
    await kiosk.page.locator('.kiosk[data-tone]:not([data-tone="good"]) .answer').waitFor();
    for (const { complaints, elsewhere } of [operator, kiosk])
      expect({ complaints, elsewhere }).toEqual({ complaints: [], elsewhere: [] });
    await Promise.all([operator.page.close(), kiosk.page.close()]);
  }, 60_000);

  test('two photos are compared', async () => {
    const { page, complaints, elsewhere } = await open('/compare');
    const put = async (id: string, photo: Buffer) =>
      page.locator(`#${id}`).setInputFiles({ name: `${id}.jpg`, mimeType: 'image/jpeg', buffer: photo });
    await put('reference', await portraits.alice());
    await put('sample', await portraits.aliceAgain());
    await page.locator('input[type=range]').waitFor();
    await picture(page, 'compare-1024');
    await put('sample', await portraits.stranger());
    await page.locator('[data-tone="bad"]').first().waitFor();
    expect({ complaints, elsewhere }).toEqual({ complaints: [], elsewhere: [] });
    await page.close();
  }, 60_000);

  test.each(
    ['/kiosk', '/operator', '/compare'].flatMap((path) => sizes.map((width) => [path, width] as const)),
  )(
    '%s at %i px: nothing is cut, the console is silent, axe finds nothing serious',
    async (path, width) => {
      for (const scheme of ['light', 'dark'] as const) {
        const { page, complaints, elsewhere } = await open(path, width, scheme);
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(
          0,
        );
        await page.evaluate(await readFile(axe, 'utf8'));
        const serious = await page.evaluate(
          `axe.run().then(({ violations }) => violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => id + ' ' + nodes.map(({ target }) => target).join(' ')))`,
        );
        expect(serious).toEqual([]);
        expect({ complaints, elsewhere }).toEqual({ complaints: [], elsewhere: [] });
        await picture(page, `${path.slice(1)}-${width}-${scheme}`);
        await page.close();
      }
    },
    60_000,
  );

  test('the reader of the API works offline, and its console is silent', async () => {
    const { page, complaints, elsewhere } = await open('/docs');
    await page
      .getByRole('button', { name: /POST \/photo_match/ })
      .first()
      .click();
    await page.getByRole('button', { name: 'Try it out' }).click();
    expect({ complaints, elsewhere }).toEqual({ complaints: [], elsewhere: [] });
    await picture(page, 'docs-1024');
    await page.close();
  }, 60_000);
});
