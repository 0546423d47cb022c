import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** The time of day at the door, as it is written in the locale. */
export function Clock({ locale }: { readonly locale: string }): JSX.Element {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    // At the turn of each minute: a screen that is up all day has no need to be drawn every second.
    const timer = setTimeout(() => setNow(new Date()), 60_000 - (Date.now() % 60_000));
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <time class="clock" dateTime={now.toISOString()}>
      <span>{now.toLocaleDateString(locale, { weekday: 'long', day: 'numeric', month: 'long' })}</span>
      <strong>{now.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' })}</strong>
    </time>
  );
}
