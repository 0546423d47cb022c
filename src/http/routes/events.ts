import { z } from 'zod';
import { eventsAnswer } from '../answers.ts';
import { eventStream } from '../event-stream.ts';
import { json, route } from '../route.ts';

const seq = z.coerce.number().int().min(0);

export const events = route({
  id: 'events',
  method: 'GET',
  path: '/api/v1/events',
  tag: 'events',
  summary: 'the newest check-ins',
  description:
    'Those since the start, and those before it that the broker does not have yet; 500 at the most. The whole history is in the database.',
  query: z.object({
    limit: z.coerce.number().int().min(1).max(500).default(50).describe('How many at the most.'),
    after: seq.default(0).describe('Only those with a greater seq.'),
  }),
  answers: { 200: ['The newest first.', eventsAnswer] },
  problems: [],
  handle: ({ query }, { station }) => json({ events: station.feed.recent(query.limit, query.after) }),
});

export const stream = route({
  id: 'eventStream',
  lasting: true,
  method: 'GET',
  path: '/api/v1/events/stream',
  tag: 'events',
  summary: 'what happens, as it happens',
  description:
    'Server-sent events named `checkin`, `state`, `alert`, `metrics`, `health`, `info` and `log`; the data is the payload as on MQTT (`state` without the session, `alert` as `{id, alert}` where null is a cleared one, `log` a line of the log). A check-in has its `seq` as the id: a client that comes again with `Last-Event-ID` gets those that it missed, as far as they are remembered.',
  query: z.object({
    after: seq
      .optional()
      .describe('Begin with the check-ins that have a greater seq, as Last-Event-ID does.'),
  }),
  answers: { 200: ['The stream; it does not end.', 'text/event-stream'] },
  problems: ['overloaded'],
  handle({ query }, { station, headers }) {
    const last = seq.safeParse(headers['last-event-id']);
    return { kind: 'events', stream: eventStream(station, last.success ? last.data : (query.after ?? null)) };
  },
});
