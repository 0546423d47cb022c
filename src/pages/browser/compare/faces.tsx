import type { JSX } from 'preact';
import type { Comparison } from '../lib/contract.ts';
import { milliseconds, number } from '../lib/format.ts';
import { Icon } from '../lib/icons.tsx';
import type { Verdict } from './verdict.ts';

/** What the models saw: the aligned crops, and each face of the sample with its figures. */
export function Faces({
  comparison,
  verdict,
}: {
  readonly comparison: Comparison;
  readonly verdict: Verdict;
}): JSX.Element {
  const { reference, faces } = comparison;
  return (
    <section class="card" aria-labelledby="faces">
      <div class="row spread">
        <h2 id="faces">What the models compare</h2>
        <span class="quiet small">{milliseconds(comparison['inferencing_latency(ms)'])} for both photos</span>
      </div>
      <div class="faces">
        <figure>
          <img class="crop" src={reference.crop} alt="The aligned face of the reference" />
          <figcaption>Reference</figcaption>
        </figure>
        <div class="scroll" tabIndex={0} role="region" aria-label="Faces of the sample">
          <table>
            <caption class="hidden">Each face of the sample, the nearest first</caption>
            <thead>
              <tr>
                <th scope="col">Face</th>
                <th scope="col">Crop</th>
                <th scope="col">Answer</th>
                <th scope="col" class="number">
                  Distance
                </th>
                <th scope="col" class="number">
                  Similarity
                </th>
                <th scope="col" class="number">
                  Is a face
                </th>
                <th scope="col" class="number">
                  Size
                </th>
                <th scope="col" class="number">
                  Turn
                </th>
              </tr>
            </thead>
            <tbody>
              {faces.map((face, index) => {
                const match = verdict.matches[index] === true;
                return (
                  <tr key={index}>
                    <th scope="row">{index + 1}</th>
                    <td>
                      <img class="crop small-crop" src={face.crop} alt={`The aligned face ${index + 1}`} />
                    </td>
                    <td>
                      <span class="pill" data-tone={match ? 'good' : 'bad'}>
                        <Icon name={match ? 'check' : 'refused'} />
                        {match ? 'Same person' : 'Someone else'}
                      </span>
                    </td>
                    <td class="number">{number(face.distance, 3)}</td>
                    <td class="number">{number(face.similarity, 3)}</td>
                    <td class="number">{number(face.probability * 100, 1)} %</td>
                    <td class="number">{number(face.quality.size_px)} px</td>
                    <td class="number">{number(face.quality.yaw_deg)}°</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      </div>
    </section>
  );
}
