import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem, problemText, type Api } from './api.ts';
import { logIn } from './session.ts';

export interface LoginProps {
  readonly api: Api;
  readonly onDone: () => void;
}

/** Asks for the token where the station wants one. */
export function Login({ api, onDone }: LoginProps): JSX.Element {
  const [failure, setFailure] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  async function enter(token: string): Promise<void> {
    setBusy(true);
    try {
      await logIn(api, token);
      onDone();
    } catch (error) {
      const wrong = error instanceof Problem && error.status === 401;
      setFailure(wrong ? 'The station does not know this token.' : problemText(error));
      setBusy(false);
      input.current?.select();
    }
  }

  return (
    <main class="login">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void enter(input.current?.value.trim() ?? '');
        }}
      >
        <h1>Log in</h1>
        <p class="quiet">
          This station asks for a token. It is in the file that <code>http.token_file</code> names.
        </p>
        <div class="field">
          <label for="token">Token</label>
          <input
            id="token"
            ref={input}
            type="password"
            autoComplete="current-password"
            required
            aria-describedby="token-failure"
          />
        </div>
        <p id="token-failure" class="failure" role="alert">
          {failure}
        </p>
        <button class="main" disabled={busy}>
          Log in
        </button>
      </form>
    </main>
  );
}
