import { render } from 'preact';
import { applyTheme, readTheme } from '../lib/theme.ts';
import { createApi } from '../lib/api.ts';
import { logInFromAddress } from '../lib/session.ts';
import { Compare } from './compare.tsx';

const api = createApi();
await logInFromAddress(api);
applyTheme(readTheme());

const app = document.getElementById('app');
if (app !== null) render(<Compare api={api} />, app);
