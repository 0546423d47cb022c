import { z } from 'zod';
import { packageVersion } from '../../lib/package.ts';
import { json, route } from '../route.ts';

export const ping = route({
  id: 'ping',
  method: 'GET',
  path: '/ping',
  tag: 'station',
  summary: 'whether there is somebody',
  answers: {
    200: [
      'There is.',
      z.object({
        'API Status': z.literal(200),
        state: z.string(),
        version: z.string(),
        model: z.string().describe('Fingerprint of the models and the preprocessing.'),
      }),
    ],
  },
  problems: [],
  handle: (_input, { station }) =>
    json({
      'API Status': 200,
      state: station.feed.state().state,
      version: packageVersion,
      model: station.model.fingerprint,
    }),
});
