import { cameraHealth } from '../../telemetry/camera-health.ts';
import { cameraAnswer } from '../answers.ts';
import { newestFrame } from '../camera-frame.ts';
import { HttpProblem } from '../problem.ts';
import { json, route, type RouteContext } from '../route.ts';

export const camera = route({
  id: 'camera',
  method: 'GET',
  path: '/api/v1/camera',
  tag: 'station',
  summary: 'whether there is a camera, and how it is',
  answers: { 200: ['Its status.', cameraAnswer] },
  problems: [],
  handle: (_input, context) => {
    const { camera: source } = context.station;
    const status = source === null ? null : cameraHealth(source.status());
    return json({ available: source !== null, preview: maySee(context), status });
  },
});

export const cameraFrame = route({
  id: 'cameraFrame',
  method: 'GET',
  path: '/api/v1/camera/frame.jpg',
  tag: 'station',
  summary: 'the newest picture of the camera',
  description: 'Only with `http.preview`, or with the token of the station.',
  answers: { 200: ['The picture.', 'image/jpeg'] },
  problems: ['no_camera', 'preview_off', 'camera_failing'],
  handle(_input, context) {
    if (!maySee(context)) {
      throw new HttpProblem('preview_off', "the camera's picture is not shown here", {
        remedy: 'Set http.preview, or send the token.',
      });
    }
    return { kind: 'bytes', type: 'image/jpeg', body: newestFrame(context.station).jpeg };
  },
});

function maySee({ station, standing }: RouteContext): boolean {
  return station.preview || standing === 'token';
}
