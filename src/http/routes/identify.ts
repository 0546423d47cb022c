import { z } from 'zod';
import { matchFaces } from '../../decide/match.ts';
import { decide, facesToExamine } from '../../decide/policy.ts';
import { decisionPayload, roundedLatency } from '../../telemetry/event.ts';
import { identifyAnswer } from '../answers.ts';
import { analysed } from '../photos.ts';
import { file, json, route } from '../route.ts';

export const identify = route({
  id: 'identify',
  method: 'POST',
  path: '/api/v1/identify',
  tag: 'verification',
  heavy: true,
  summary: 'tells who of the gallery is in a photo, and what the station would decide',
  description:
    'The decision is that of the station’s policy, gates and margin, without the cool-down. Nothing is recorded, published or kept.',
  body: z.object({ photo: file('Photo of any number of people.') }),
  answers: {
    200: ['The faces and the decision; a rejection, such as no_face, is an answer too.', identifyAnswer],
  },
  problems: ['not_an_image', 'too_many_pixels'],
  async handle({ body }, { station, analyse }) {
    const { clock, model } = station;
    const startedAt = clock.monotonic();
    const policy = station.policy();
    const seen = analysed(await analyse({ photo: body.photo, pad: facesToExamine(policy) }), 'photo');
    const matching = clock.monotonic();
    const gallery = station.gallery();
    const faces = await matchFaces(seen.faces, gallery);
    const decisions = decide(faces, policy, gallery.templates === 0);
    const now = clock.monotonic();
    const { queue, decode, detect, align, embed } = seen.latency_ms;
    const stages = { queue, decode, detect, align, embed, match: now - matching, total: now - startedAt };
    const [first] = decisions;
    return json({
      ...decisionPayload(first, { faces, threshold: policy.threshold, padMode: policy.pad.mode }),
      subjects: decisions.flatMap(({ decision, subject }) => (decision === 'accepted' ? [subject] : [])),
      latency_ms: roundedLatency(stages),
      model: model.fingerprint,
      gallery_rev: gallery.revision,
    });
  },
});
