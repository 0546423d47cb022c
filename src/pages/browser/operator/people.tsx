import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { problemText, type Api } from '../lib/api.ts';
import type { SubjectEntry } from '../lib/contract.ts';
import { number } from '../lib/format.ts';
import { Note } from '../lib/note.tsx';
import { Enrol } from './enrol.tsx';
import { Remove } from './remove.tsx';
import type { Station } from './station.ts';

/** Who is enrolled, by pseudonymous id, and the way in. */
export function People({ api, station }: { readonly api: Api; readonly station: Station }): JSX.Element {
  const [subjects, setSubjects] = useState<readonly SubjectEntry[] | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [removing, setRemoving] = useState<SubjectEntry | null>(null);
  const [count, setCount] = useState(0);
  // The gallery may also change from elsewhere: by `muster enroll`, or by a published set.
  const revision = station.info?.gallery.digest;
  useEffect(() => {
    let stale = false;
    api
      .get<{ subjects: SubjectEntry[] }>('subjects')
      .then((answer) => {
        if (stale) return;
        setSubjects(answer.subjects);
        setFailure(null);
      })
      .catch((error: unknown) => !stale && setFailure(problemText(error)));
    return () => {
      stale = true;
    };
  }, [api, revision, count]);
  const again = () => setCount((before) => before + 1);
  return (
    <div class="columns people">
      <Enrol api={api} onEnrolled={again} />
      <section class="card" aria-labelledby="gallery">
        <div class="row spread">
          <h2 id="gallery">Gallery</h2>
          {station.info === null ? null : (
            <span class="quiet small">
              {station.info.gallery.name}, revision {station.info.gallery.rev}
            </span>
          )}
        </div>
        {failure === null ? null : <Note tone="watch">{failure}</Note>}
        {subjects?.length === 0 ? <p class="quiet">Nobody is enrolled yet.</p> : null}
        {subjects === null || subjects.length === 0 ? null : (
          <div class="scroll events" tabIndex={0} role="region" aria-labelledby="gallery">
            <table>
              <caption class="hidden">Enrolled subjects</caption>
              <thead>
                <tr>
                  <th scope="col">Subject</th>
                  <th scope="col" class="number">
                    Templates
                  </th>
                  <th scope="col">
                    <span class="hidden">Remove</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {subjects.map((entry) => (
                  <tr key={entry.subject}>
                    <th scope="row">{entry.subject}</th>
                    <td class="number">{number(entry.templates.length)}</td>
                    <td class="number">
                      <button
                        type="button"
                        class="quiet-button"
                        aria-label={`Remove ${entry.subject}`}
                        onClick={() => setRemoving(entry)}
                      >
                        Remove
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {removing === null ? null : (
          <Remove
            api={api}
            entry={removing}
            onDone={(removed) => {
              setRemoving(null);
              if (removed) again();
            }}
          />
        )}
      </section>
    </div>
  );
}
