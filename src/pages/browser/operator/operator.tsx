import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Api } from '../lib/api.ts';
import { Bar } from '../lib/bar.tsx';
import { Login } from '../lib/login.tsx';
import { Alerts } from './alerts.tsx';
import { Log } from './log.tsx';
import { Now } from './now.tsx';
import { People } from './people.tsx';
import { Settings } from './settings.tsx';
import { StatePill } from './state-pill.tsx';
import { useStation } from './use-station.ts';

const views = [
  ['now', 'Now'],
  ['people', 'People'],
  ['settings', 'Settings'],
  ['log', 'Log'],
] as const;
type View = (typeof views)[number][0];

function viewOf(hash: string): View {
  return views.find(([id]) => hash === `#${id}`)?.[0] ?? 'now';
}

/** The operator's desk. A login begins it anew. */
export function Operator({ api }: { readonly api: Api }): JSX.Element {
  const [login, setLogin] = useState(0);
  return <Desk key={login} api={api} onLogin={() => setLogin((count) => count + 1)} />;
}

function Desk({ api, onLogin }: { readonly api: Api; readonly onLogin: () => void }): JSX.Element {
  const station = useStation(api);
  const [view, setView] = useState<View>(() => viewOf(location.hash));
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    const turn = () => {
      setView(viewOf(location.hash));
      main.current?.focus();
    };
    window.addEventListener('hashchange', turn);
    return () => window.removeEventListener('hashchange', turn);
  }, []);

  if (station.status === 'unauthorised') {
    return (
      <>
        <Bar here="/operator" />
        <Login api={api} onDone={onLogin} />
      </>
    );
  }
  const title = views.find(([id]) => id === view)?.[1] ?? '';
  return (
    <>
      <Bar here="/operator">
        <StatePill station={station} />
      </Bar>
      <nav class="views" aria-label="Views">
        {views.map(([id, name]) => (
          <a key={id} href={`#${id}`} aria-current={id === view ? 'page' : undefined}>
            {name}
            {id === 'now' && station.alerts.length > 0 ? <Count of={station.alerts.length} /> : null}
          </a>
        ))}
      </nav>
      <main class="desk" ref={main} tabIndex={-1} aria-label={title}>
        <h1 class="hidden">{`Operator: ${title}`}</h1>
        <Alerts station={station} />
        {view === 'now' ? <Now station={station} /> : null}
        {view === 'people' ? <People api={api} station={station} /> : null}
        {view === 'settings' ? <Settings api={api} /> : null}
        {view === 'log' ? <Log lines={station.log} /> : null}
      </main>
    </>
  );
}

function Count({ of }: { readonly of: number }): JSX.Element {
  return (
    <span class="count">
      {of}
      <span class="hidden"> {of === 1 ? 'alert' : 'alerts'}</span>
    </span>
  );
}
