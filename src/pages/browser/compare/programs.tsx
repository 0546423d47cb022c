import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { samplesFor } from './samples.ts';

/** The same from a program, to be copied. */
export function Programs(): JSX.Element {
  const [chosen, setChosen] = useState(0);
  const [copied, setCopied] = useState(false);
  const samples = samplesFor(location);
  const code = samples[chosen]?.code ?? '';
  return (
    <section class="card" aria-labelledby="programs">
      <div class="row spread">
        <h2 id="programs">From a program</h2>
        <div class="tabs" role="group" aria-label="Language">
          {samples.map(({ name }, index) => (
            <button
              key={name}
              type="button"
              aria-pressed={index === chosen}
              onClick={() => {
                setChosen(index);
                setCopied(false);
              }}
            >
              {name}
            </button>
          ))}
        </div>
      </div>
      <pre tabIndex={0} aria-label={`Code for ${samples[chosen]?.name ?? ''}`}>
        {code}
      </pre>
      <div class="row spread">
        <p class="quiet small">
          It answers with <code>match_status</code>, <code>score</code> and every face. All routes:{' '}
          <a href="/docs">the API</a>.
        </p>
        {/* Browsers offer the clipboard over TLS and on the machine itself only. */}
        {navigator.clipboard === undefined ? null : (
          <button
            type="button"
            onClick={() => void navigator.clipboard.writeText(code).then(() => setCopied(true))}
          >
            <span role="status">{copied ? 'Copied' : 'Copy'}</span>
          </button>
        )}
      </div>
    </section>
  );
}
