import type { JSX } from 'preact';
import { Icon, type IconName } from '../lib/icons.tsx';
import type { Station } from './station.ts';

/** In one word, how the station is. */
export function StatePill({ station }: { readonly station: Station }): JSX.Element {
  const { tone, icon, word } = shownState(station);
  return (
    <span class="pill" data-tone={tone} role="status">
      <Icon name={icon} />
      {word}
    </span>
  );
}

function shownState({ status, state }: Station): { tone: string; icon: IconName; word: string } {
  if (status === 'offline') return { tone: 'bad', icon: 'offline', word: 'offline' };
  if (status !== 'live' || state === null) return { tone: 'quiet', icon: 'wait', word: 'connecting' };
  if (state.state === 'ready') return { tone: 'good', icon: 'check', word: 'ready' };
  return { tone: 'watch', icon: state.state === 'degraded' ? 'warning' : 'wait', word: state.state };
}
