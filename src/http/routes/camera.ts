import { cameraAnswer } from '../answers.ts';
import { json, route } from '../route.ts';

export const camera = route({
  id: 'camera',
  method: 'GET',
  path: '/api/v1/camera',
  tag: 'station',
  summary: 'whether there is a camera, and how it is',
  answers: { 200: ['Its status.', cameraAnswer] },
  problems: [],
  handle: () => json({ available: false }),
});
