import { z } from 'zod';
import { auto, choice, decimal, remote, section, whole } from '../kinds.ts';

const level = z.number().min(0).max(255);

export const decision = section('When a capture is accepted.', {
  policy: remote(
    choice(
      ['largest', 'every'],
      'largest',
      'Which face decides: the largest, or every one, where each recognised subject gets an event.',
    ),
  ),
  threshold: remote(
    auto(
      z.number().min(-1).max(1),
      "Similarity from which two faces are the same person's; auto is the pack's own.",
    ),
  ),
  margin: remote(
    decimal(0, 2, 0.05, 'Lead in similarity that the best subject must have over the next one.'),
  ),
  cooldown_s: remote(
    whole(
      0,
      604_800,
      60,
      'Seconds from an accepted capture in which the same subject is not accepted again; 0 for none.',
    ),
  ),
  pad: section(
    'Attack detection: whether a live face is there, or a print or a screen that shows one. Needs `muster models add pad`.',
    {
      mode: remote(
        choice(
          ['off', 'report', 'enforce'],
          'off',
          'What it is for: off does not look; report puts the score into the event; enforce rejects below the threshold, as spoof_suspected.',
        ),
      ),
      threshold: remote(
        decimal(0, 1, 0.5, 'Least probability of a live face with which enforce lets a face pass.'),
      ),
    },
  ),
  vote: section('How the frames of a camera, or of a burst, become one decision.', {
    min_frames: remote(
      whole(1, 50, 3, 'Usable frames of a person that it takes at least (those whose face meets the gates).'),
    ),
    window_s: remote(
      decimal(
        0.1,
        60,
        2,
        'Seconds within which these frames must lie; and how long a rejection is held back.',
      ),
    ),
    share: remote(decimal(0.5, 1, 0.6, 'Share of the usable frames that must agree.')),
    gone_s: remote(
      decimal(0.5, 600, 3, 'Seconds without a sight of the person after which the visit is over.'),
    ),
  }),
  gates: section(
    'Limits that a face must meet to be compared at all. A face on the limit passes.',
    {
      probability: remote(decimal(0, 1, 0.95, 'Least probability that it is a face.')),
      size_px: remote(whole(0, 8192, 48, "Least length of the face box's shorter side, pixels.")),
      sharpness: remote(
        decimal(0, 100_000, 10, 'Least sharpness; sharp faces have a hundred or more, blurred ones a few.'),
      ),
      brightness: remote(
        z.tuple([level, level]).default([20, 210]).describe('Least and greatest mean grey level, 0 to 255.'),
      ),
      clipped: remote(decimal(0, 1, 0.4, 'Greatest share of pixels that are nearly black or nearly white.')),
      yaw_deg: remote(decimal(0, 90, 40, 'Greatest turn of the head to either side, degrees.')),
      pitch_deg: remote(decimal(0, 90, 35, 'Greatest nod of the head, up or down, degrees.')),
      roll_deg: remote(decimal(0, 180, 60, 'Greatest tilt of the head to either shoulder, degrees.')),
      inside: remote(decimal(0, 1, 0.9, 'Least share of the face box that lies inside the photo.')),
      features: remote(
        decimal(
          0,
          2,
          0.7,
          'Least share of the features of an ordinary good photo that the embedder must see; a mask, sunglasses, noise and blur hide them.',
        ),
      ),
    },
    ({ brightness: [least, greatest] }, conflict) => {
      if (least >= greatest)
        conflict('brightness', `is [${least}, ${greatest}]; the first must be the smaller one`);
    },
  ),
});
