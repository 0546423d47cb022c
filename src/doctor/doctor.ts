import { messageOf, MusterError } from '../lib/errors.ts';
import type { Check, CheckContext, CheckedFinding } from './contract.ts';

/** A check that has said nothing for so long is given up, ms. */
const patienceMs = 15_000;

/** Runs all checks at once, each with its own patience, and gives what they found in their order. Never rejects. */
export async function examine(
  checks: readonly Check[],
  context: Omit<CheckContext, 'signal'>,
  perCheckMs = patienceMs,
): Promise<readonly CheckedFinding[]> {
  const found = await Promise.all(checks.map((check) => within(check, context, perCheckMs)));
  return found.flat();
}

async function within(
  check: Check,
  context: Omit<CheckContext, 'signal'>,
  ms: number,
): Promise<readonly CheckedFinding[]> {
  const { name } = check;
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      late.abort();
      reject(new Error(`no answer within ${ms / 1000} s`));
    }, ms);
  });
  try {
    const running = check.run({ ...context, signal: late.signal });
    const findings = [await Promise.race([running, givenUp])].flat();
    return findings.map((finding) => ({ check: name, ...finding }));
  } catch (error) {
    const remedy = error instanceof MusterError ? error.remedy : undefined;
    return [
      {
        check: name,
        level: 'failure',
        message: messageOf(error),
        ...(remedy === undefined ? {} : { remedy }),
      },
    ];
  } finally {
    clearTimeout(timer);
  }
}
