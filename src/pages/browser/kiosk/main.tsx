import { render } from 'preact';
import { createApi } from '../lib/api.ts';
import { applyTheme, readTheme } from '../lib/theme.ts';
import { logInFromAddress } from '../lib/session.ts';
import { chooseLanguage } from '../words/words.ts';
import { Kiosk } from './kiosk.tsx';

const api = createApi();
await logInFromAddress(api);
applyTheme(readTheme());
const address = new URLSearchParams(location.search);
const language = chooseLanguage([address.get('lang'), ...navigator.languages]);
document.documentElement.lang = language.locale;

const app = document.getElementById('app');
if (app !== null) {
  render(<Kiosk api={api} language={language} showSubject={address.get('show') === 'subject'} />, app);
}
