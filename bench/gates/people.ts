import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../src/config/schema.ts';
import { failedGate } from '../../src/decide/gates.ts';
import { chosenFace } from '../../src/evaluate/face.ts';
import { analysePhoto } from '../../src/gallery/photo.ts';
import { readReferenceFolder } from '../../src/gallery/reference-photos.ts';
import { createProgress } from '../../src/lib/progress.ts';
import { table } from '../../src/lib/table.ts';
import type { Vision } from '../../src/vision/contract.ts';
import { turnedChart } from './turned-chart.ts';
import { axes, compareTurned, type PosedFace, type Turned, type TurnBin } from './turned.ts';

/**
 * How turned heads are recognised, from photos of people as they were taken, since no photo can be turned afterwards. Faces that fail a gate
 * for something else are left out, so that it is the turn that counts.
 */
export async function reportTurned(
  folder: string,
  vision: Vision,
  {
    gates,
    threshold,
    json,
    chart,
  }: {
    readonly gates: Config['decision']['gates'];
    readonly threshold: number;
    readonly json: boolean;
    readonly chart: string | undefined;
  },
): Promise<void> {
  const faces = await posedFaces(folder, vision, { ...gates, yaw_deg: 90, pitch_deg: 90 });
  const turned = axes.map((axis) => compareTurned(faces, axis, threshold));
  if (chart !== undefined) await writeFile(chart, turnedChart(turned, { threshold, limits: gates }));
  process.stdout.write(
    json
      ? `${JSON.stringify(turned.map(({ axis, bins }) => ({ axis, bins })))}\n`
      : turned.map(words).join('\n'),
  );
}

async function posedFaces(
  folder: string,
  vision: Vision,
  gates: Config['decision']['gates'],
): Promise<readonly PosedFace[]> {
  const { subjects } = await readReferenceFolder(folder);
  const progress = createProgress('photos', {
    total: subjects.reduce((sum, { photos }) => sum + photos.length, 0),
  });
  const faces: PosedFace[] = [];
  try {
    for (const { subject, photos } of subjects) {
      for (const photo of photos) {
        const result = await analysePhoto(vision, join(folder, photo));
        progress.advance();
        const face = result.ok ? chosenFace(result, 'middle') : undefined;
        if (face === undefined || failedGate(face, gates) !== null) continue;
        const { yaw_deg, pitch_deg } = face.quality;
        faces.push({ subject, embedding: face.embedding, yaw_deg, pitch_deg });
      }
    }
  } finally {
    progress.done();
  }
  return faces;
}

function words({ axis, bins }: Turned): string {
  const percent = (rate: number | null) => (rate === null ? '' : (rate * 100).toFixed(2));
  const between = ({ fnmr_interval: interval }: TurnBin) =>
    interval === null ? '' : interval.map(percent).join(' to ');
  return `${axis} (gate ${axis === 'yaw_deg' ? 'yaw' : 'pitch'}), compared with frontal photos
${table(
  ['degrees', 'photos', 'mated', 'FNMR %', '95 % interval', 'median similarity', 'non-mated', 'FMR %'],
  bins.map((bin) => [
    `${bin.from} to ${bin.to}`,
    bin.photos,
    bin.mated,
    percent(bin.fnmr),
    between(bin),
    bin.similarity?.toFixed(3) ?? '',
    bin.non_mated,
    percent(bin.fmr),
  ]),
)}
`;
}
