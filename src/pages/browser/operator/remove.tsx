import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { problemText, type Api } from '../lib/api.ts';
import type { SubjectEntry } from '../lib/contract.ts';
import { countOf } from '../lib/format.ts';

export interface RemoveProps {
  readonly api: Api;
  readonly entry: SubjectEntry;
  readonly onDone: (removed: boolean) => void;
}

/** Asks once more. The dialog keeps the focus and gives it back, and Escape says no. */
export function Remove({ api, entry: { subject, templates }, onDone }: RemoveProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => dialog.current?.showModal(), []);

  async function remove(): Promise<void> {
    try {
      await api.remove(`subjects/${encodeURIComponent(subject)}`);
      onDone(true);
    } catch (error) {
      setFailure(problemText(error));
    }
  }

  return (
    <dialog ref={dialog} aria-labelledby="remove-title" onClose={() => onDone(false)}>
      <h2 id="remove-title">Remove {subject}?</h2>
      <p>
        {subject} and {countOf(templates.length, 'template')} leave the gallery. To be recognised again, this
        person must be enrolled anew.
      </p>
      <p class="failure" role="alert">
        {failure}
      </p>
      <div class="row">
        <button type="button" autoFocus onClick={() => onDone(false)}>
          Keep
        </button>
        <button type="button" class="danger" onClick={() => void remove()}>
          Remove {subject}
        </button>
      </div>
    </dialog>
  );
}
