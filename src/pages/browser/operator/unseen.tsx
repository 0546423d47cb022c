import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { problemText, type Api } from '../lib/api.ts';
import { Icon } from '../lib/icons.tsx';
import { judge, measuresOf, type Judgement } from './candidate.ts';
import { enrol } from './enrolment.ts';

export interface UnseenProps {
  readonly api: Api;
  readonly subject: string;
  readonly onEnrolled: () => void;
}

interface Look extends Judgement {
  /** Empty where there is no face to measure. */
  readonly measures: string;
}

/** Between the answer of one look and the next, ms: a person sees at once what they change, and the door has its turn. */
const betweenMs = 700;

/** Enrolment by a camera whose picture is not shown here: how the face in it is, again and again, and a button that takes it. */
export function Unseen({ api, subject, onEnrolled }: UnseenProps): JSX.Element {
  const [look, setLook] = useState<Look | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [adding, setAdding] = useState(false);

  useEffect(() => {
    let stopped = false;
    let timer: number | undefined;
    const next = async () => {
      const seen = await lookAt(api, subject);
      if (stopped) return;
      setLook(seen);
      timer = window.setTimeout(() => void next(), betweenMs);
    };
    void next();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [api, subject]);

  const isGood = look?.tone === 'good';
  async function add(): Promise<void> {
    setAdding(true);
    setFailure(null);
    try {
      // What is good in this moment may be turned away in the next.
      await enrol(api, subject, null, isGood ? 'no doubts' : 'enrol');
      onEnrolled();
    } catch (error) {
      setFailure(error);
    }
    setAdding(false);
  }

  return (
    <div class="unseen" data-tone={look?.tone ?? 'plain'}>
      <div role="status">
        <span class="pill">
          <Icon name={look === null ? 'wait' : isGood ? 'check' : 'warning'} />
          {look?.title ?? 'Looking …'}
        </span>
        <p class="small">{look?.advice}</p>
      </div>
      <p class="quiet small">
        {look?.measures} The picture itself is not shown here: <code>http.preview</code> is off.
      </p>
      <div class="row">
        <button
          type="button"
          disabled={adding || look === null || look.measures === ''}
          onClick={() => void add()}
        >
          <Icon name="photo" />{' '}
          {isGood || look === null ? `Enrol ${subject} as seen now` : 'Enrol all the same'}
        </button>
      </div>
      <p class="failure" role="alert">
        {failure === null ? null : problemText(failure)}
      </p>
    </div>
  );
}

async function lookAt(api: Api, subject: string): Promise<Look> {
  try {
    const enrolment = await enrol(api, subject, null, 'look');
    return { ...judge(enrolment), measures: `${measuresOf(enrolment)}.` };
  } catch (error) {
    return { tone: 'bad', title: 'Can’t be used', advice: problemText(error), measures: '' };
  }
}
