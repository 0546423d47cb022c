import { z } from 'zod';
import {
  alertsAnswer,
  configAnswer,
  healthAnswer,
  infoAnswer,
  logAnswer,
  metricsAnswer,
} from '../answers.ts';
import { HttpProblem } from '../problem.ts';
import { json, route } from '../route.ts';

const working = ['ready', 'degraded'];
/** A station that can't see, or can't write, is no use to anybody. */
const failures = ['vision-failing', 'store-failing'];

export const health = route({
  id: 'health',
  method: 'GET',
  path: '/api/v1/health',
  tag: 'station',
  summary: 'how the station is',
  description: 'The status is 503 while it does not decide captures: a health check needs no more than that.',
  answers: {
    200: ['It works, perhaps with alerts.', healthAnswer],
    503: ['It is starting or stopping, or what it needs for a decision fails.', healthAnswer],
  },
  problems: [],
  handle(_input, { station }) {
    const { state, since } = station.feed.state();
    const alerts = station.alerts();
    const ok = working.includes(state) && !alerts.some(({ id }) => failures.includes(id));
    return json({ state, since, health: station.feed.health(), alerts }, ok ? 200 : 503);
  },
});

export const info = route({
  id: 'info',
  method: 'GET',
  path: '/api/v1/info',
  tag: 'station',
  summary: 'what the station is: versions, board, models, gallery',
  answers: { 200: ['The payload of the topic info.', infoAnswer] },
  problems: ['stopping'],
  handle(_input, { station }) {
    const payload = station.feed.info();
    if (payload === null) throw new HttpProblem('stopping', 'the station is not ready yet');
    return json(payload);
  },
});

export const config = route({
  id: 'config',
  method: 'GET',
  path: '/api/v1/config',
  tag: 'station',
  summary: 'every setting with its value, and where it comes from',
  answers: { 200: ['The fields in the order of config/station.example.yaml.', configAnswer] },
  problems: [],
  handle: (_input, { station }) => json({ fields: station.config() }),
});

export const metrics = route({
  id: 'metrics',
  method: 'GET',
  path: '/api/v1/metrics',
  tag: 'station',
  summary: 'counts, rates and latencies of this moment',
  answers: { 200: ['The payload of the topic metrics.', metricsAnswer] },
  problems: [],
  handle: (_input, { station }) => json(station.metrics()),
});

export const alerts = route({
  id: 'alerts',
  method: 'GET',
  path: '/api/v1/alerts',
  tag: 'station',
  summary: 'what a person should know of, as long as it lasts',
  answers: { 200: ['The payloads of the topics alert.', alertsAnswer] },
  problems: [],
  handle: (_input, { station }) => json({ alerts: station.alerts() }),
});

export const log = route({
  id: 'log',
  method: 'GET',
  path: '/api/v1/log',
  tag: 'station',
  summary: 'the newest lines of the log',
  query: z.object({
    limit: z.coerce.number().int().min(1).max(500).default(100).describe('How many lines at the most.'),
  }),
  answers: { 200: ['The lines.', logAnswer] },
  problems: [],
  handle: ({ query }, { station }) => json({ lines: station.log?.lines(query.limit) ?? [] }),
});

export const prometheus = route({
  id: 'prometheus',
  method: 'GET',
  path: '/metrics',
  tag: 'station',
  summary: 'the figures for Prometheus',
  answers: { 200: ['In its text format.', 'text/plain'] },
  problems: [],
  handle: async (_input, { prometheus: page }) => ({
    kind: 'bytes',
    type: page.contentType,
    body: await page.text(),
  }),
});
