import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { portraits } from '../../demo/sample-photos.ts';
import type { CheckinEvent, InfoPayload } from '../../src/telemetry/payloads.ts';
import { defaultModels, modelsWithThinPacks } from '../models/support/thin-packs.ts';
import { startBroker, subscribe } from '../support/broker.ts';
import { muster, startStation } from '../support/station.ts';
import { eventually, temporaryFolder } from '../support/tools.ts';

const root = 'muster/1/default/station-1';

/** A folder with Alice and Bella enrolled with the edge pack, the packs, and what a station there publishes. */
async function site() {
  const dir = await temporaryFolder();
  const modelsDir = await modelsWithThinPacks();
  const url = (await startBroker()).url();
  const env = {
    MUSTER_MQTT__URL: url,
    MUSTER_MQTT__RECONNECT_MIN_MS: '50',
    MUSTER_VISION__MODELS_DIR: modelsDir,
    MUSTER_CAPTURE__FOLDER__GRACE_S: '0',
    MUSTER_DECISION__COOLDOWN_S: '0',
  };
  await mkdir(join(dir, 'people'));
  for (const name of ['alice', 'bella'] as const)
    await writeFile(join(dir, 'people', `${name}.jpg`), await portraits[name]());
  expect(await muster(dir, ['enroll', 'people'], env)).toMatchObject({ status: 0 });
  const { messages } = await subscribe(url);
  const newest = (topic: string): unknown =>
    JSON.parse(messages.findLast((each) => each.topic === `${root}/${topic}`)?.payload || 'null');
  const newestEvent = () => newest('checkin') as CheckinEvent | null;

  /** Runs a station with these settings until it has decided about Alice's photo. */
  async function decision(settings: Record<string, string>, name: string) {
    const station = startStation(dir, { ...env, ...settings });
    await station.ready;
    const before = newestEvent()?.event_id;
    await writeFile(join(dir, 'data/inbox', `${name}.jpg`), await portraits.alice());
    await eventually('a decision', () => newestEvent()?.event_id !== before, 30_000);
    const alert = newest('alert/pad-unavailable') as { message: string } | null;
    const [event, info] = [newestEvent()!, newest('info') as InfoPayload];
    expect(await station.stop()).toBe(0);
    return { event, info, alert };
  }
  return { dir, env, decision };
}

describe('a station', () => {
  it(
    'changes its pack only with a gallery made anew, and never compares across packs',
    { timeout: 120_000 },
    async () => {
      const { dir, env, decision } = await site();
      const edge = await decision({}, 'first');
      expect(edge.event).toMatchObject({
        decision: 'accepted',
        subject: 'alice',
        pad: { mode: 'off', score: null },
      });

      // Nets of random numbers find all faces alike: only the same photo is nearer.
      const facenet = { MUSTER_VISION__PACK: 'facenet', MUSTER_DECISION__MARGIN: '0' };
      await expect(startStation(dir, { ...env, ...facenet }).ready).rejects.toThrow(
        /was made with edge@sha256[^]*models in use are facenet@sha256[^]*muster gallery rebuild/,
      );
      const refused = await muster(dir, ['gallery', 'rebuild', 'nobody'], { ...env, ...facenet });
      expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('nobody') });
      await mkdir(join(dir, 'some'));
      await writeFile(join(dir, 'some/alice.jpg'), await portraits.alice());
      const lossy = await muster(dir, ['gallery', 'rebuild', 'some'], { ...env, ...facenet });
      expect(lossy).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/the gallery has bella.*--drop-missing/s),
      });
      // Nothing was written: the edge pack still works.
      expect((await decision({}, 'second')).event.subject).toBe('alice');

      const rebuilt = await muster(dir, ['gallery', 'rebuild', 'people'], { ...env, ...facenet });
      expect(rebuilt).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('2 templates of 2 subjects'),
      });
      const { event, info } = await decision(facenet, 'third');
      expect(event).toMatchObject({
        decision: 'accepted',
        subject: 'alice',
        model: expect.stringMatching(/^facenet@sha256:/),
      });
      expect(event.similarity).toBeGreaterThan(0.999);
      expect(info).toMatchObject({ pack: 'facenet', model: event.model });
      await expect(startStation(dir, env).ready).rejects.toThrow(/was made with facenet@sha256/);
    },
  );

  it('reports the score of its attack detection, or enforces it', { timeout: 120_000 }, async () => {
    const { decision } = await site();
    const report = await decision({ MUSTER_DECISION__PAD__MODE: 'report' }, 'first');
    const { score } = report.event.pad!;
    expect(report.event).toMatchObject({ decision: 'accepted', pad: { mode: 'report' } });
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(1);
    expect(report.info.pad).toMatch(/^pad@sha256:/);
    expect(report.alert).toBeNull();

    const enforce = { MUSTER_DECISION__PAD__MODE: 'enforce' };
    const strict = await decision(
      { ...enforce, MUSTER_DECISION__PAD__THRESHOLD: String(score! + 0.001) },
      'second',
    );
    expect(strict.event).toMatchObject({
      decision: 'rejected',
      reason: 'spoof_suspected',
      subject: null,
      pad: { mode: 'enforce', score },
    });
    const lax = await decision(
      { ...enforce, MUSTER_DECISION__PAD__THRESHOLD: String(score! - 0.001) },
      'third',
    );
    expect(lax.event).toMatchObject({ decision: 'accepted', subject: 'alice' });
  });

  it(
    'without the nets for it reports with an alert, and does not start where it is to enforce',
    { timeout: 120_000 },
    async () => {
      const { dir, env, decision } = await site();
      const without = {
        MUSTER_VISION__MODELS_DIR: await defaultModels(),
        MUSTER_DECISION__PAD__MODE: 'report',
      };
      const { event, alert } = await decision(without, 'first');
      expect(event).toMatchObject({ decision: 'accepted', pad: { mode: 'report', score: null } });
      expect(alert?.message).toContain('muster models add pad');
      await expect(
        startStation(dir, { ...env, ...without, MUSTER_DECISION__PAD__MODE: 'enforce' }).ready,
      ).rejects.toThrow(/pad has not been added[^]*muster models add pad/);
    },
  );
});
