import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { problemText, type Api } from '../lib/api.ts';
import { countOf } from '../lib/format.ts';
import { Note } from '../lib/note.tsx';
import { PhotoInput } from '../lib/photo-input.tsx';
import { Camera } from './camera.tsx';
import { judge, type Candidate } from './candidate.ts';
import { Checked } from './checked.tsx';
import { enrol } from './enrolment.ts';

/** The form of a subject's id, as everywhere. */
const subjectId = /^[a-z0-9-]{1,32}$/;

/**
 * Enrolment by photos or by the station's camera. Each photo is looked at by the station (a dry run) as soon as it is there, and
 * nothing is kept before the person says so.
 */
export function Enrol({
  api,
  onEnrolled,
}: {
  readonly api: Api;
  readonly onEnrolled: () => void;
}): JSX.Element {
  const [subject, setSubject] = useState('');
  const [candidates, setCandidates] = useState<readonly Candidate[]>([]);
  const [outcome, setOutcome] = useState<{ readonly tone: 'good' | 'bad'; readonly text: string } | null>(
    null,
  );
  const [adding, setAdding] = useState(false);
  const ids = useRef(0);
  const field = useRef<HTMLInputElement>(null);
  const valid = subjectId.test(subject);

  const change = (id: number, part: Partial<Candidate>) =>
    setCandidates((all) => all.map((one) => (one.id === id ? { ...one, ...part } : one)));

  async function check({ id, photo }: Candidate): Promise<void> {
    try {
      const enrolment = await enrol(api, subject, photo, 'look');
      change(id, { check: { kind: 'checked', enrolment }, chosen: judge(enrolment).tone === 'good' });
    } catch (error) {
      change(id, { check: { kind: 'refused', message: problemText(error) }, chosen: false });
    }
  }

  function take(photos: readonly Blob[]): void {
    setOutcome(null);
    const fresh = photos.map((photo): Candidate => {
      ids.current += 1;
      return { id: ids.current, photo, check: { kind: 'checking' }, chosen: false };
    });
    setCandidates((all) => [...all, ...fresh]);
    for (const candidate of fresh) void check(candidate);
  }

  async function add(): Promise<void> {
    setAdding(true);
    const added: number[] = [];
    try {
      for (const { id, photo } of candidates.filter(({ chosen }) => chosen)) {
        await enrol(api, subject, photo, 'enrol');
        added.push(id);
      }
      setOutcome({ tone: 'good', text: enrolledWith(subject, added.length) });
      setCandidates([]);
      setSubject('');
      field.current?.focus();
    } catch (error) {
      setOutcome({ tone: 'bad', text: problemText(error) });
      setCandidates((all) => all.filter(({ id }) => !added.includes(id)));
    }
    setAdding(false);
    if (added.length > 0) onEnrolled();
  }

  // Whether a photo is like the subject's others depends on whose it is to be.
  useEffect(() => {
    if (!valid || candidates.length === 0) return undefined;
    const timer = setTimeout(() => {
      for (const candidate of candidates) void check(candidate);
    }, 400);
    return () => clearTimeout(timer);
  }, [subject]);

  const chosen = candidates.filter((one) => one.chosen).length;
  return (
    <form
      class="card enrol"
      aria-labelledby="enrol"
      onSubmit={(event) => {
        event.preventDefault();
        if (valid && chosen > 0 && !adding) void add();
      }}
    >
      <h2 id="enrol">Enrol a person</h2>
      <div class="field">
        <label for="subject">Subject</label>
        <input
          id="subject"
          ref={field}
          type="text"
          autoComplete="off"
          autoCapitalize="none"
          spellcheck={false}
          value={subject}
          aria-describedby="subject-hint"
          aria-invalid={subject !== '' && !valid}
          onInput={({ currentTarget }) => setSubject(currentTarget.value.trim())}
        />
        <p id="subject-hint" class="quiet small">
          A pseudonymous id: 1 to 32 of a–z, 0–9 and -. Who is meant by it stays with you.
        </p>
      </div>
      <PhotoInput
        id="photos"
        label="Choose photos"
        hint={
          valid
            ? 'or drop them here: two or three, one face each, in the light of the door'
            : 'first say above whose photos they are'
        }
        multiple
        disabled={!valid}
        onPhotos={take}
      />
      <Camera
        api={api}
        subject={valid ? subject : null}
        onPhoto={(photo) => take([photo])}
        onEnrolled={() => {
          setOutcome({ tone: 'good', text: enrolledWith(subject, 1) });
          onEnrolled();
        }}
      />
      <ul class="candidates" aria-live="polite" aria-label="Photos to add">
        {candidates.map((candidate, index) => (
          <Checked
            key={candidate.id}
            candidate={candidate}
            number={index + 1}
            onChosen={(wanted) => change(candidate.id, { chosen: wanted })}
            onAway={() => setCandidates((all) => all.filter(({ id }) => id !== candidate.id))}
          />
        ))}
      </ul>
      <div role="status">{outcome === null ? null : <Note tone={outcome.tone}>{outcome.text}</Note>}</div>
      {candidates.length === 0 ? null : (
        <button class="main" disabled={chosen === 0 || adding || !valid}>
          {chosen === 0 ? 'No photo chosen' : `Add ${countOf(chosen, 'photo')} to ${subject}`}
        </button>
      )}
    </form>
  );
}

function enrolledWith(subject: string, photos: number): string {
  return `${subject} is enrolled with ${countOf(photos, 'photo')} more.`;
}
