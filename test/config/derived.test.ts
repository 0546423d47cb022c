import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { captureFolders, minFacePx, mqttClientId } from '../../src/config/derived.ts';
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

test('the smallest face follows from the place of the camera, where that is told', async () => {
  const derived = async (env: Record<string, string>) => minFacePx((await loadConfig({ env })).vision);
  expect(await derived({})).toBe(80);
  expect(await derived({ MUSTER_VISION__MIN_FACE_PX: '50' })).toBe(50);
  // 1280 px at 62 degrees: focal length 1065 px; 0.125 m at 1 m (and 0.25 m below the eyes of the small): 129 px.
  expect(await derived({ MUSTER_VISION__DOOR__DISTANCE_M: '1', MUSTER_VISION__MIN_FACE_PX: '50' })).toBe(129);
  const door = { MUSTER_VISION__DOOR__DISTANCE_M: '2', MUSTER_VISION__DOOR__FIELD_OF_VIEW_DEG: '90' };
  expect(await derived({ ...door, MUSTER_VISION__DOOR__PHOTO_WIDTH_PX: '1920' })).toBe(59);
  // A camera above the door is farther away than the place before it.
  expect(await derived({ ...door, MUSTER_VISION__DOOR__CAMERA_HEIGHT_M: '3' })).toBe(30);
  expect(await derived({ ...door, MUSTER_VISION__DOOR__DISTANCE_M: '20' })).toBe(20);
});
