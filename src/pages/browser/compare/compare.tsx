import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Problem, problemText, type Api } from '../lib/api.ts';
import { Bar } from '../lib/bar.tsx';
import type { Comparison } from '../lib/contract.ts';
import { Login } from '../lib/login.tsx';
import { Note } from '../lib/note.tsx';
import { Faces } from './faces.tsx';
import { Programs } from './programs.tsx';
import { Scale } from './scale.tsx';
import { decideAt } from './verdict.ts';
import { Well } from './well.tsx';

type Progress =
  | { readonly kind: 'waiting' | 'busy' | 'unauthorised' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'done'; readonly comparison: Comparison };

/** Two photos, and whether they show the same person. The threshold is moved here; the station compares once. */
export function Compare({ api }: { readonly api: Api }): JSX.Element {
  const [reference, setReference] = useState<Blob | null>(null);
  const [sample, setSample] = useState<Blob | null>(null);
  const [progress, setProgress] = useState<Progress>({ kind: 'waiting' });
  const [threshold, setThreshold] = useState<number | null>(null);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    if (reference === null || sample === null) return undefined;
    let stale = false;
    setProgress({ kind: 'busy' });
    const form = new FormData();
    form.set('reference', reference, 'reference');
    form.set('sample', sample, 'sample');
    api
      .post<Comparison>('compare', form)
      .then((comparison) => {
        if (stale) return;
        setProgress({ kind: 'done', comparison });
        setThreshold((chosen) => chosen ?? comparison.score_threshold);
      })
      .catch((error: unknown) => {
        if (stale) return;
        if (error instanceof Problem && error.status === 401) setProgress({ kind: 'unauthorised' });
        else setProgress({ kind: 'failed', message: problemText(error) });
      });
    return () => {
      stale = true;
    };
  }, [api, reference, sample, attempt]);

  useEffect(() => {
    const paste = ({ clipboardData }: ClipboardEvent) => {
      const [photo] = clipboardData?.files ?? [];
      if (photo === undefined) return;
      if (reference === null) setReference(photo);
      else setSample(photo);
    };
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, [reference]);

  if (progress.kind === 'unauthorised') {
    return (
      <>
        <Bar here="/compare" />
        <Login api={api} onDone={() => setAttempt((count) => count + 1)} />
      </>
    );
  }

  const comparison = progress.kind === 'done' ? progress.comparison : null;
  const limit = threshold ?? 0;
  const distances = comparison?.faces.map(({ distance }) => distance) ?? [];
  const verdict = comparison === null ? null : decideAt(distances, limit);
  const toneOf = (index: number) => (verdict?.matches[index] === true ? 'good' : 'bad');
  return (
    <>
      <Bar here="/compare" />
      <main class="desk compare">
        <div class="lead">
          <h1>Same person?</h1>
          <p class="quiet">
            Drop two photos, choose or paste them. They are compared on this station and kept nowhere.
          </p>
        </div>
        <div class="wells">
          <Well
            id="reference"
            title="Reference"
            hint="one face"
            photo={reference}
            onPhoto={setReference}
            faces={comparison === null ? [] : [{ ...comparison.reference, label: null, tone: 'plain' }]}
          />
          <Well
            id="sample"
            title="Sample"
            hint="one face or many"
            photo={sample}
            onPhoto={setSample}
            verdict={verdict}
            faces={(comparison?.faces ?? []).map((face, index) => ({
              ...face,
              label: `${index + 1}`,
              tone: toneOf(index),
            }))}
          />
        </div>
        <div role="status" class="outcome">
          {progress.kind === 'busy' ? <p class="quiet">Comparing …</p> : null}
          {progress.kind === 'failed' ? <Note tone="watch">{progress.message}</Note> : null}
        </div>
        {comparison === null || verdict === null ? null : (
          <>
            <Scale
              distances={distances}
              verdict={verdict}
              threshold={limit}
              usual={comparison.score_threshold}
              onThreshold={setThreshold}
            />
            <Faces comparison={comparison} verdict={verdict} />
          </>
        )}
        <Programs />
      </main>
    </>
  );
}
