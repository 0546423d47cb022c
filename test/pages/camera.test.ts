import { expect, test } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { startServed } from '../http/support.ts';
import { doorway, startCamera } from '../support/camera-film.ts';
import { hasChromium, startChromium, withoutChromium } from '../support/chromium.ts';

/** With SCREENSHOTS=<folder> a picture is kept there, for a person to look at. */
const keep = process.env['SCREENSHOTS'];

test.skipIf(!hasChromium)(
  `somebody is enrolled by the station's camera, unseen${hasChromium ? '' : `, ${withoutChromium}`}`,
  { timeout: 90_000 },
  async () => {
    const camera = await startCamera();
    const [browser, station] = await Promise.all([
      startChromium(),
      startServed({
        MUSTER_CAPTURE__CAMERA__SOURCE: 'http-mjpeg',
        MUSTER_CAPTURE__CAMERA__URL: camera.url('/mjpeg'),
      }),
    ]);
    try {
      const page = await browser.newPage({ viewport: { width: 1024, height: 900 } });
      await page.goto(`${station.url}/operator`);
      await page.getByRole('link', { name: 'People' }).click();
      const open = page.getByRole('button', { name: 'Use the station’s camera' });
      expect(await open.isDisabled()).toBe(true);
      await page.getByLabel('Subject', { exact: true }).fill('clara');
      await open.click();
      const take = page.locator('.unseen button');
      await page.getByText('Camera: no face was found.').waitFor();
      expect(await take.isDisabled()).toBe(true);

      camera.show(await doorway(await portraits.clara()));
      await page.locator('.unseen[data-tone="good"]').waitFor();
      if (keep !== undefined) await page.screenshot({ path: `${keep}/operator-camera-1024.png` });
      await take.click();
      await page.getByText('clara is enrolled with 1 photo more.').waitFor();
      await page.locator('table', { hasText: 'clara' }).waitFor();

      await page.getByLabel('Subject', { exact: true }).fill('dora');
      await page.locator('.unseen[data-tone="watch"]', { hasText: 'clara' }).waitFor();
      await page.getByRole('button', { name: 'Enrol all the same' }).waitFor();
    } finally {
      await browser.close();
    }
  },
);
