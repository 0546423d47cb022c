import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import { galleryStore, templates } from '../gallery/support.ts';
import { keys, publish } from '../gallery/sync/support.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const root = 'muster/1/default/station-1';

it(
  'a station with a gallery of other models starts when it syncs, recognises nobody, and takes up the right set',
  { timeout: 60_000 },
  async () => {
    const dir = await temporaryFolder();
    const url = (await startBroker()).url();
    const env = { MUSTER_MQTT__URL: url, MUSTER_MQTT__RECONNECT_MIN_MS: '50' };
    await galleryStore(join(dir, 'data/gallery/main')).apply({ put: templates(3) });
    // Somebody is at the door already: looked at while the gallery is read, and left for later.
    const inbox = join(dir, 'data/inbox');
    await mkdir(inbox, { recursive: true });
    await writeFile(join(inbox, 'early.jpg'), await portraits.alice());
    const aMinuteAgo = Date.now() / 1000 - 60;
    await utimes(join(inbox, 'early.jpg'), aMinuteAgo, aMinuteAgo);
    const alone = startStation(dir, env);
    await expect(alone.ready).rejects.toThrow(/templates can't be compared[^]*muster gallery rebuild/);
    expect(alone.child.exitCode).toBe(2);
    expect(alone.lines.filter(({ level }) => level > 0)).toEqual([]);
    expect(await readdir(inbox)).toEqual(['early.jpg']);
    await rm(join(inbox, 'early.jpg'));

    const { messages } = await subscribe(url);
    const newest = (topic: string) =>
      JSON.parse(messages.findLast((each) => each.topic === `${root}/${topic}`)?.payload || '{}');
    const station = startStation(dir, { ...env, MUSTER_GALLERY__PUBLIC_KEY: keys.publicBase64 });
    await station.ready;
    await eventually('its alert', () => /was made with edge/.test(newest('alert/gallery-unused').message));
    await eventually('its report', () => newest('gallery/reported').status === 'syncing');
    expect(newest('gallery/reported')).toMatchObject({ rev: 0, templates: 0 });
    await writeFile(join(dir, 'data/inbox/a.jpg'), await portraits.alice());
    await eventually('a decision', () => newest('checkin').reason === 'gallery_empty', 30_000);

    const { model } = newest('info');
    const put = templates(5, { length: 192 });
    await publish(url, put, { fingerprint: model, dimension: 192 });
    await eventually('the set in use', () => newest('info').gallery?.templates === 5);
    await eventually('the report', () => newest('gallery/reported').status === 'in_sync');
    await eventually('no alert', () => newest('alert/gallery-unused').message === undefined);
    expect(await station.stop()).toBe(0);
  },
);
