import type { JSX } from 'preact';
import { number } from '../lib/format.ts';
import { Icon } from '../lib/icons.tsx';
import { farthest, placeOf, type Verdict } from './verdict.ts';

export interface ScaleProps {
  readonly distances: readonly number[];
  readonly verdict: Verdict;
  readonly threshold: number;
  /** The threshold of the models. */
  readonly usual: number;
  readonly onThreshold: (threshold: number) => void;
}

/** The distance of each face on a line, with the threshold that can be moved: the answer follows at once. */
export function Scale({ distances, verdict, threshold, usual, onThreshold }: ScaleProps): JSX.Element {
  const { match, nearest, distance } = verdict;
  const several = distances.length > 1;
  return (
    <section class="card verdict" data-tone={match ? 'good' : 'bad'} aria-labelledby="verdict">
      <div class="row">
        <span class="sign">
          <Icon name={match ? 'check' : 'refused'} />
        </span>
        <div aria-live="polite">
          <h2 id="verdict">{match ? 'Same person' : 'Different people'}</h2>
          <p>
            {several && nearest !== null ? `Face ${nearest + 1} is the nearest: distance ` : 'Distance '}
            <strong>{number(distance, 3)}</strong>, {match ? 'below' : 'not below'} the threshold of{' '}
            <strong>{number(threshold, 3)}</strong>.
          </p>
        </div>
      </div>
      <div class="scale">
        <div class="scale-line" aria-hidden="true">
          <span class="scale-near" style={{ width: `${placeOf(threshold) * 100}%` }} />
          {distances.map((one, index) => (
            <span
              key={index}
              class="scale-face"
              data-tone={one < threshold ? 'good' : 'bad'}
              style={{ left: `${placeOf(one) * 100}%` }}
            >
              {several ? index + 1 : ''}
            </span>
          ))}
        </div>
        <input
          id="threshold"
          type="range"
          min={0}
          max={farthest}
          step={0.005}
          value={threshold}
          aria-valuetext={`${number(threshold, 3)}: ${match ? 'same person' : 'different people'}`}
          onInput={({ currentTarget: { valueAsNumber } }) => onThreshold(valueAsNumber)}
        />
        <div class="row spread small">
          <label for="threshold">Threshold on the cosine distance</label>
          {Math.abs(threshold - usual) < 0.0025 ? (
            <span class="quiet">the models’ own</span>
          ) : (
            <button type="button" class="link" onClick={() => onThreshold(usual)}>
              Back to the models’ own, {number(usual, 3)}
            </button>
          )}
        </div>
      </div>
    </section>
  );
}
