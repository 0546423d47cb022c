import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from './icons.tsx';
import { applyTheme, readTheme, type Theme } from './theme.ts';

const places = [
  ['/operator', 'Operator'],
  ['/compare', 'Compare'],
  ['/kiosk', 'Kiosk'],
] as const;

/** The head of a desk page: where one is, where one may go, and dark or light. */
export function Bar({
  here,
  children,
}: {
  readonly here: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <header class="bar">
      <a class="brand" href="/">
        Muster
      </a>
      <nav aria-label="Pages">
        {places.map(([path, name]) => (
          <a key={path} href={path} aria-current={path === here ? 'page' : undefined}>
            {name}
          </a>
        ))}
      </nav>
      <div class="bar-end">
        {children}
        <ThemeButton />
      </div>
    </header>
  );
}

const themes: Readonly<Record<Theme, { next: Theme; icon: 'screen' | 'sun' | 'moon'; name: string }>> = {
  auto: { next: 'light', icon: 'screen', name: 'as the system' },
  light: { next: 'dark', icon: 'sun', name: 'light' },
  dark: { next: 'auto', icon: 'moon', name: 'dark' },
};

/** Colours are read from the sheet by whoever draws on a canvas; this event tells that they changed. */
export const themeChanged = 'muster-theme';

function ThemeButton(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(readTheme);
  const { next, icon, name } = themes[theme];
  const text = `Colours: ${name}. Change to ${themes[next].name}.`;
  return (
    <button
      type="button"
      class="quiet-button icon-button"
      title={text}
      aria-label={text}
      onClick={() => {
        applyTheme(next);
        setTheme(next);
        window.dispatchEvent(new Event(themeChanged));
      }}
    >
      <Icon name={icon} />
    </button>
  );
}
