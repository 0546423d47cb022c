import { z } from 'zod';
import { auto, decimal, flag, id, optionalText, remote, section, whole } from '../kinds.ts';

export const vision = section('How faces are found and embedded.', {
  pack: id('edge', 'The models to use: the name of a pack in models/manifest.json.'),
  models_dir: optionalText('Folder with the built models. Null means the folder models of the program.'),
  min_face_px: remote(
    whole(
      20,
      2000,
      80,
      'Smallest face that is looked for, in pixels of the photo as it was taken. Twice the size is a quarter of the work.',
    ),
  ),
  door: section(
    'Where the camera is. With a distance set, the smallest face follows from it, and min_face_px does not count.',
    {
      distance_m: z
        .number()
        .min(0.2)
        .max(20)
        .nullable()
        .default(null)
        .describe(
          'From the camera to the farthest place where people are to be recognised, along the floor, metres; null: not told.',
        ),
      camera_height_m: decimal(0, 10, 1.6, 'Height of the camera above the floor, metres.'),
      field_of_view_deg: decimal(
        10,
        170,
        62,
        'Angle that the camera sees from left to right, degrees: Raspberry Pi Camera 2: 62, 3: 66, 3 Wide: 102.',
      ),
      photo_width_px: whole(160, 16_384, 1280, 'Width of its photos, pixels.'),
    },
  ),
  max_side_px: remote(
    whole(
      160,
      8192,
      1280,
      'Longer side, in pixels, to which a larger photo is shrunk before faces are looked for.',
    ),
  ),
  max_mpx: decimal(
    0.1,
    500,
    32,
    'Megapixels of a photo at the most; larger ones are refused before they take memory.',
  ),
  detector: section('The cascade of three nets (MTCNN) that finds faces.', {
    mode: z
      .enum(['exact', 'fast'])
      .default('fast')
      .describe(
        'How faces are looked for: exact as the published detector does; fast in larger steps and with fewer boxes (docs/performance.md).',
      ),
    thresholds: z
      .tuple([z.number().min(0).max(1), z.number().min(0).max(1), z.number().min(0).max(1)])
      .default([0.6, 0.7, 0.7])
      .describe('Probability from which each of the three nets lets a face pass.'),
    factor: decimal(
      0.3,
      0.9,
      0.709,
      'Each step of the image pyramid is this much smaller than the one before. In fast mode it is 0.6 at most, so only less counts there.',
    ),
  }),
  threads: auto(
    z.int().min(1).max(64),
    'Processor threads for one inference; auto takes the number that suits the board.',
  ),
  graph_cache: flag(
    true,
    'Keep the nets as ONNX Runtime has optimised them for this machine, in the folder graphs of data_dir: the next start is quicker.',
  ),
  timeout_s: whole(
    1,
    600,
    20,
    'Seconds after which the analysis of a photo is given up and its worker replaced.',
  ),
  flip: flag(
    true,
    'Embed the mirrored face as well and use the mean of both: more accurate, twice the embedding time.',
  ),
});
