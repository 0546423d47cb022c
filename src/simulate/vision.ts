import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Gallery } from '../gallery/contract.ts';
import { seededRandom } from '../lib/random.ts';
import type { Box, EmbeddedFace, Embedding, Vision, VisionInfo, VisionLatency } from '../vision/contract.ts';
import { anyDirection, dimension, likeness, normal, simulatedModel } from './people.ts';
import { readScene, type Scene } from './scene.ts';

export interface VirtualVisionOptions {
  readonly people: Gallery;
  /** How slow the board is: 1 for a Raspberry Pi 5, 2 for half as fast. */
  readonly slowness: number;
  /** Real time for each unit of the fleet's. */
  readonly timeScale: number;
}

const edgeThreshold = 0.44;

export const virtualVisionInfo: VisionInfo = {
  pack: 'simulated',
  fingerprint: simulatedModel,
  dimension,
  threshold: edgeThreshold,
  threads: 3,
  cpus: null,
  pad: null,
};

/** Takes the place of the vision worker: it reads the scene and finds the faces that are written there, in about the time of a board. */
export function createVirtualVision({ people, slowness, timeScale }: VirtualVisionOptions): Vision {
  const templates = [...people.list()].map(({ embedding }) => embedding);
  let before: Promise<void> = Promise.resolve();

  return {
    start: () => Promise.resolve(virtualVisionInfo),
    async analyse({ photo }) {
      const scene = readScene(photo);
      const random = seededRandom(scene.seed);
      const faces = facesOf(scene, templates, random);
      const latency = latencyOf(faces.length, slowness, random);
      // One job after the other, as the worker does.
      const work = before.then(() =>
        spend(timeScale * (latency.decode + latency.detect + latency.align + latency.embed)),
      );
      before = work;
      await work;
      return {
        ok: true,
        width: 1280,
        height: 720,
        faces,
        latency_ms: latency,
        detect_ms: { pyramid: 0, pnet: latency.detect, rnet: 0, onet: 0 },
        detect_inference_ms: 0.8 * latency.detect,
        inference_ms: 0.8 * latency.embed,
      };
    },
    probe: () => before,
    close: () => before,
  };
}

/** A timer waits for a millisecond at least. */
async function spend(ms: number): Promise<void> {
  if (ms >= 1) await sleep(ms);
  else await nextTurn();
}

function facesOf(scene: Scene, templates: readonly Embedding[], random: () => number): EmbeddedFace[] {
  return scene.people.map((person, place) => {
    const size = Math.round((place === 0 ? 190 : 90) * (0.8 + 0.4 * random()));
    const x = Math.round(random() * (1280 - 1.3 * size));
    const y = Math.round(random() * (720 - 1.3 * size));
    const box: Box = [x, y, x + size, y + Math.round(1.25 * size)];
    const spread = normal(random);
    const mated =
      0.72 + 0.08 * scene.light + 0.07 * spread - (scene.blurred ? 0.3 : 0) - 0.35 * (1 - scene.light) ** 2;
    const similarity = Math.min(0.97, Math.max(0.05, mated));
    const template = person === null ? undefined : templates[person];
    return {
      box,
      probability: 1 - 0.02 * random() ** 3,
      landmarks: [
        [x + 0.3 * size, y + 0.5 * size],
        [x + 0.7 * size, y + 0.5 * size],
        [x + 0.5 * size, y + 0.7 * size],
        [x + 0.35 * size, y + 0.95 * size],
        [x + 0.65 * size, y + 0.95 * size],
      ],
      quality: {
        size_px: size,
        sharpness: (scene.blurred ? 5 : 150) * (0.6 + 0.8 * random()),
        brightness: 25 + 130 * scene.light + 15 * normal(random),
        clipped: 0.05 * random(),
        yaw_deg: Math.max(-80, Math.min(80, 11 * normal(random))),
        pitch_deg: 5 + 8 * normal(random),
        roll_deg: 3 * normal(random),
        inside: 1,
        features: 1 + 0.1 * normal(random) - (scene.blurred ? 0.2 : 0),
      },
      followed: null,
      pad: null,
      embedding: template === undefined ? anyDirection(random) : likeness(template, similarity, random),
    };
  });
}

/** ms on a Raspberry Pi 5, with a long tail. */
function latencyOf(faces: number, slowness: number, random: () => number): VisionLatency {
  const about = (ms: number) => ms * slowness * Math.exp(0.18 * normal(random));
  return {
    queue: 0,
    decode: about(9),
    detect: about(24 + 5 * faces),
    align: faces === 0 ? 0 : about(2 * faces),
    embed: faces === 0 ? 0 : about(16 * faces),
  };
}
