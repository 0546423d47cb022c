import type { Route } from '../route.ts';
import { login, logout } from './access.ts';
import { camera, cameraFrame } from './camera.ts';
import { events, stream } from './events.ts';
import { enrol, removeSubject, removeTemplate } from './enrolment.ts';
import { gallery, subjects } from './gallery.ts';
import { identify } from './identify.ts';
import { ping } from './ping.ts';
import { cachedData, compare, identity, photoMatch } from './verification.ts';
import { alerts, config, health, info, log, metrics, prometheus } from './station.ts';

/** Every address of the API, in the order of the documents. */
export const routes: readonly Route[] = [
  ping,
  photoMatch,
  identity,
  cachedData,
  compare,
  identify,
  gallery,
  subjects,
  enrol,
  removeSubject,
  removeTemplate,
  events,
  stream,
  health,
  info,
  config,
  metrics,
  prometheus,
  alerts,
  log,
  camera,
  cameraFrame,
  login,
  logout,
];
