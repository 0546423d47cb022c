import { z } from 'zod';
import { json, route } from '../route.ts';

const done = z.object({ ok: z.literal(true) });

export const login = route({
  id: 'login',
  method: 'POST',
  path: '/api/v1/login',
  tag: 'access',
  summary: 'begins a session, for browsers',
  description:
    'Buys a cookie (HttpOnly, SameSite=Strict, 30 days) with the token. Programs send the token with each request instead.',
  open: true,
  body: z.object({ token: z.string().min(1).max(4096) }),
  answers: { 200: ['The cookie is set.', done] },
  problems: [
    'unauthorised',
    'cross_site',
    'bad_request',
    'missing_field',
    'invalid_field',
    'unsupported_media_type',
  ],
  handle: ({ body }, { access }) => json({ ok: true }, 200, { 'set-cookie': access.login(body.token) }),
});

export const logout = route({
  id: 'logout',
  method: 'POST',
  path: '/api/v1/logout',
  tag: 'access',
  summary: 'ends the session of this browser',
  open: true,
  answers: { 200: ['The cookie is gone.', done] },
  problems: [],
  handle: (_input, { access }) => json({ ok: true }, 200, { 'set-cookie': access.logout() }),
});
