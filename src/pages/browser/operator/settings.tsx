import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { problemText, type Api } from '../lib/api.ts';
import type { ConfigField } from '../lib/contract.ts';
import { Note } from '../lib/note.tsx';
import { bySection, shownValue } from './fields.ts';

/** Every setting with the value that counts, and where it comes from. They are changed in the file, the environment or over MQTT. */
export function Settings({ api }: { readonly api: Api }): JSX.Element {
  const [fields, setFields] = useState<readonly ConfigField[]>([]);
  const [failure, setFailure] = useState<string | null>(null);
  const [wanted, setWanted] = useState('');
  const [changed, setChanged] = useState(false);
  useEffect(() => {
    api
      .get<{ fields: ConfigField[] }>('config')
      .then((config) => setFields(config.fields))
      .catch((error: unknown) => setFailure(problemText(error)));
  }, [api]);
  if (failure !== null) return <Note tone="watch">{failure}</Note>;
  const sections = bySection(fields, { text: wanted, onlyChanged: changed });
  const count = sections.reduce((sum, section) => sum + section.fields.length, 0);
  return (
    <section class="card settings" aria-labelledby="settings">
      <div class="row spread">
        <h2 id="settings">Settings</h2>
        <p class="quiet small" role="status">
          {count} of {fields.length}
        </p>
      </div>
      <p class="quiet small">
        Read only: they are set in the file, in the environment or, where they are marked <em>remote</em>,
        over MQTT while the station runs.
      </p>
      <div class="row">
        <div class="field grow">
          <label class="hidden" for="find">
            Find a setting
          </label>
          <input
            id="find"
            type="search"
            placeholder="Find a setting"
            value={wanted}
            onInput={({ currentTarget }) => setWanted(currentTarget.value)}
          />
        </div>
        <button type="button" aria-pressed={changed} onClick={() => setChanged(!changed)}>
          Changed only
        </button>
      </div>
      {sections.map(({ name, fields: members }) => (
        <section key={name} aria-labelledby={`section-${name}`}>
          <h3 id={`section-${name}`}>{name}</h3>
          <ul>
            {members.map((field) => (
              <Setting key={field.name} field={field} />
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}

function Setting({ field }: { readonly field: ConfigField }): JSX.Element {
  return (
    <li class="setting">
      <code>{field.name}</code>
      <code class="value">{shownValue(field)}</code>
      <p class="quiet small">
        {field.description} {field.allowed === '' ? null : <>Allowed: {field.allowed}.</>}
      </p>
      <span class="row">
        {field.remote ? (
          <span class="pill" data-tone="plain">
            remote
          </span>
        ) : null}
        <span class="pill" data-tone={field.origin === 'default' ? 'quiet' : 'good'}>
          {field.origin}
        </span>
      </span>
    </li>
  );
}
