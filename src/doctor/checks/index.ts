import type { Check } from '../contract.ts';
import { board, cpu, libc, memory, node } from './board.ts';
import { broker } from './broker.ts';
import { camera } from './camera.ts';
import { clock } from './clock.ts';
import { database } from './database.ts';
import { disk } from './disk.ts';
import { gallery } from './gallery.ts';
import { http } from './http.ts';
import { inbox } from './inbox.ts';
import { models } from './models.ts';
import { secrets } from './secrets.ts';
import { service } from './service.ts';
import { store } from './store.ts';
import { temperature } from './temperature.ts';
import { upkeep } from './upkeep.ts';

/** Every check, in the order in which they are told: the machine, what is on its disk, whom it talks to, how it runs. */
export const checks: readonly Check[] = [
  board,
  node,
  libc,
  cpu,
  memory,
  temperature,
  disk,
  clock,
  camera,
  models,
  gallery,
  store,
  inbox,
  secrets,
  broker,
  database,
  http,
  service,
  upkeep,
];
