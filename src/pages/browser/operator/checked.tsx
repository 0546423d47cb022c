import type { JSX } from 'preact';
import { Icon } from '../lib/icons.tsx';
import { useObjectUrl } from '../lib/object-url.ts';
import { Photo } from '../lib/overlay.tsx';
import { judge, measuresOf, type Candidate, type Judgement } from './candidate.ts';

export interface CheckedProps {
  readonly candidate: Candidate;
  readonly number: number;
  readonly onChosen: (chosen: boolean) => void;
  readonly onAway: () => void;
}

/** A photo that may become a template: what is wrong with it, and whether to take it all the same. */
export function Checked({ candidate, number, onChosen, onAway }: CheckedProps): JSX.Element {
  const { id, photo, check, chosen } = candidate;
  const url = useObjectUrl(photo);
  const { tone, title, advice } = judgementOf(candidate);
  const face = check.kind === 'checked' ? [{ ...check.enrolment.face, label: null, tone }] : [];
  return (
    <li class="candidate" data-tone={tone}>
      {url === null ? null : <Photo src={url} alt={`Photo ${number}`} faces={face} />}
      <div>
        <p>
          <span class="pill">
            <Icon name={tone === 'good' ? 'check' : check.kind === 'checking' ? 'wait' : 'warning'} />
            {title}
          </span>
        </p>
        <p class="small">{advice}</p>
        {check.kind === 'checked' ? <p class="quiet small">{measuresOf(check.enrolment)}</p> : null}
        <div class="row">
          {check.kind === 'checked' ? (
            <label class="row" for={`use-${id}`}>
              <input
                id={`use-${id}`}
                type="checkbox"
                checked={chosen}
                onChange={({ currentTarget }) => onChosen(currentTarget.checked)}
              />
              Use photo {number}
            </label>
          ) : null}
          <button
            type="button"
            class="quiet-button small"
            aria-label={`Put photo ${number} away`}
            onClick={onAway}
          >
            Put away
          </button>
        </div>
      </div>
    </li>
  );
}

function judgementOf({ check }: Candidate): Omit<Judgement, 'tone'> & { tone: Judgement['tone'] | 'plain' } {
  if (check.kind === 'checking') return { tone: 'plain', title: 'Looking at it …', advice: '' };
  if (check.kind === 'refused') return { tone: 'bad', title: 'Can’t be used', advice: check.message };
  return judge(check.enrolment);
}
