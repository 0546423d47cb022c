import { cameraAnswer } from '../answers.ts';
import { HttpProblem } from '../problem.ts';
import { json, route } from '../route.ts';

export const camera = route({
  id: 'camera',
  method: 'GET',
  path: '/api/v1/camera',
  tag: 'station',
  summary: 'whether there is a camera, and how it is',
  answers: { 200: ['Its status.', cameraAnswer] },
  problems: [],
  handle: (_input, { station, standing }) =>
    json({ available: false, preview: station.preview || standing === 'token' }),
});

export const cameraFrame = route({
  id: 'cameraFrame',
  method: 'GET',
  path: '/api/v1/camera/frame.jpg',
  tag: 'station',
  summary: 'the newest picture of the camera',
  description: 'Only with `http.preview`, or with the token of the station.',
  answers: { 200: ['The picture.', 'image/jpeg'] },
  problems: ['no_camera', 'preview_off'],
  handle(_input, { station, standing }) {
    if (!station.preview && standing !== 'token') {
      throw new HttpProblem('preview_off', "the camera's picture is not shown here", {
        remedy: 'Set http.preview, or send the token.',
      });
    }
    throw new HttpProblem('no_camera', 'captures come from a folder: there is no camera');
  },
});
