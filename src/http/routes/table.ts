import type { Route } from '../route.ts';
import { login, logout } from './access.ts';
import { camera } from './camera.ts';
import { events, stream } from './events.ts';
import { gallery, subjects } from './gallery.ts';
import { ping } from './legacy.ts';
import { alerts, config, health, info, log, metrics } from './station.ts';

/** Every address of the API, in the order of the documents. */
export const routes: readonly Route[] = [
  ping,
  gallery,
  subjects,
  events,
  stream,
  health,
  info,
  config,
  metrics,
  alerts,
  log,
  camera,
  login,
  logout,
];
