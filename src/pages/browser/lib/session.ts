import type { Api } from './api.ts';

/**
 * A browser shows the station's token once and gets a cookie for it, which no script can read. A page may be given the token in
 * the fragment of its address (`/kiosk#token=…`), which no browser sends: for a screen without a keyboard.
 */

export async function logIn(api: Api, token: string): Promise<void> {
  await api.post('login', JSON.stringify({ token }));
}

/** Takes the token out of the address at once, and shows it to the station. A wrong one is the matter of what follows. */
export async function logInFromAddress(api: Api): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  await logIn(api, token).catch(() => undefined);
}
