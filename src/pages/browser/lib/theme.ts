/** Dark or light as the system has it, unless a person chose one here. */
export type Theme = 'auto' | 'light' | 'dark';

const key = 'muster.theme';

export function readTheme(): Theme {
  const kept = localStorage.getItem(key);
  return kept === 'light' || kept === 'dark' ? kept : 'auto';
}

export function applyTheme(theme: Theme): void {
  if (theme === 'auto') {
    localStorage.removeItem(key);
    document.documentElement.removeAttribute('data-theme');
  } else {
    localStorage.setItem(key, theme);
    document.documentElement.setAttribute('data-theme', theme);
  }
}
