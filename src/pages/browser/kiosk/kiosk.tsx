import type { LiveStatus, ShownEvent } from '../lib/contract.ts';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { StationState } from '../../../telemetry/payloads.ts';
import type { Api } from '../lib/api.ts';
import { Icon, type IconName } from '../lib/icons.tsx';
import { followStation } from '../lib/live.ts';
import { reloadWhenNewer } from '../lib/newer.ts';
import type { Language } from '../words/words.ts';
import { answerTo, isForNow, screenWithout, type Tone } from './answer.ts';
import { Clock } from './clock.tsx';
import { Preview } from './preview.tsx';

export interface KioskProps {
  readonly api: Api;
  readonly language: Language;
  /** The pseudonymous id of who was accepted tells a person nothing, so it is shown only where it is asked for. */
  readonly showSubject: boolean;
}

/** How long an answer stays, ms: long enough to be read, short enough for the next person. */
const answerMs = 6_000;

const icons: Readonly<Record<Tone, IconName>> = {
  idle: 'face',
  wait: 'wait',
  good: 'check',
  again: 'again',
  refused: 'refused',
  offline: 'offline',
};

/** The screen at the door. An answer is on it as soon as the station has decided. */
export function Kiosk({ api, language, showSubject }: KioskProps): JSX.Element {
  const { words, locale } = language;
  const [status, setStatus] = useState<LiveStatus>('connecting');
  const [state, setState] = useState<StationState | null>(null);
  const [event, setEvent] = useState<ShownEvent | null>(null);
  const timer = useRef<number | undefined>(undefined);

  useEffect(
    () =>
      followStation({
        api,
        onStatus(next) {
          setStatus(next);
          if (next === 'live') void reloadWhenNewer();
          else setState(null);
        },
        on: {
          state: ({ state: next }) => setState(next),
          checkin(next) {
            if (!isForNow(next)) return;
            clearTimeout(timer.current);
            setEvent(next);
            timer.current = window.setTimeout(() => setEvent(null), answerMs);
          },
        },
      }),
    [api],
  );

  const answering = event !== null && status === 'live';
  const screen = answering ? answerTo(event, words) : screenWithout(status, state, words);
  const subject = showSubject && answering ? event.subject : null;
  return (
    <div class="kiosk" data-tone={screen.tone}>
      <header>
        <span class="kiosk-link">
          <span class="dot" data-tone={status === 'live' ? 'good' : 'watch'} aria-hidden="true" />
          {status === 'live' ? words.connected : words.disconnected}
        </span>
        <Clock locale={locale} />
      </header>
      <main aria-live={answering ? 'assertive' : 'polite'} aria-atomic="true">
        {/* A key of its own for each answer, so that two of the same kind are seen and heard as two. */}
        <div class="answer" key={answering ? event.event_id : screen.tone}>
          <div class="sign">
            <Icon name={icons[screen.tone]} />
          </div>
          <h1>{screen.title}</h1>
          <p>{screen.advice}</p>
          {subject === null ? null : <p class="subject">{subject}</p>}
        </div>
      </main>
      <footer>
        <Preview api={api} live={status === 'live'} label={words.preview} />
        <FullScreen label={words.fullScreen} />
      </footer>
    </div>
  );
}

/** Away once the screen is full; many kiosks are started that way. */
function FullScreen({ label }: { readonly label: string }): JSX.Element | null {
  const [full, setFull] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const look = () => setFull(document.fullscreenElement !== null);
    document.addEventListener('fullscreenchange', look);
    return () => document.removeEventListener('fullscreenchange', look);
  }, []);
  if (full || !document.fullscreenEnabled) return null;
  return (
    <button
      type="button"
      class="quiet-button"
      onClick={() => void document.documentElement.requestFullscreen().catch(() => undefined)}
    >
      <Icon name="expand" /> {label}
    </button>
  );
}
