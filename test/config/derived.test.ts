import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { captureFolders, mqttClientId } from '../../src/config/derived.ts';
import { loadConfig } from '../../src/config/load.ts';

test('folders of captures lie below data_dir and the inbox unless they are set', async () => {
  expect(captureFolders(await loadConfig({ env: { MUSTER_DATA_DIR: '/var/lib/muster' } }))).toEqual({
    inbox: '/var/lib/muster/inbox',
    done: '/var/lib/muster/inbox/done',
    failed: '/var/lib/muster/inbox/failed',
  });
  const env = { MUSTER_CAPTURE__FOLDER__PATH: 'in', MUSTER_CAPTURE__FOLDER__DONE: '/done' };
  expect(captureFolders(await loadConfig({ env }))).toEqual({
    inbox: resolve('in'),
    done: '/done',
    failed: resolve('in/failed'),
  });
});

test('the client id is made of site and station unless it is set', async () => {
  expect(mqttClientId(await loadConfig({ env: { MUSTER_SITE: 'north' } }))).toBe('muster-north-station-1');
  expect(mqttClientId(await loadConfig({ env: { MUSTER_MQTT__CLIENT_ID: 'door' } }))).toBe('door');
});
