import { codeOf, messageOf, MusterError } from './errors.ts';

/**
 * A failed import of a part of the program, or of a package, as what a person can mend: MusterError `program_incomplete`. Anything else
 * stays as it is.
 */
export function missingPart(error: unknown): unknown {
  const code = codeOf(error);
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return error;
  const [reason = ''] = messageOf(error).split('\n');
  return new MusterError('program_incomplete', `a part of the program is not there: ${reason}`, {
    remedy:
      'It was replaced or removed while it ran, or is not whole. Start it again; where that does not help, `npm run setup` makes it anew, and `sudo npx muster install` the service.',
    cause: error,
  });
}

/** The value of `load`, which imports what is seldom needed: loaded when it is first asked for, and again where that failed. */
export function loadedLater<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () =>
    (loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw missingPart(error);
    }));
}
