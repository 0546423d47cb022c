import type { z } from 'zod';
import { unknownField } from './form.ts';
import { HttpProblem } from './problem.ts';

/** What was sent, checked. Throws HttpProblem `unknown_field`, `missing_field`, `bad_threshold` or `invalid_field`. */
export function checked<S extends z.ZodObject>(
  schema: S | undefined,
  given: unknown,
  where: string,
): z.output<S> {
  const names = Object.keys(schema?.shape ?? {});
  const values = (given ?? {}) as Record<string, unknown>;
  if (typeof values !== 'object' || Array.isArray(values))
    throw new HttpProblem('invalid_field', `${where} must be an object`);
  const stranger = Object.keys(values).find((name) => !names.includes(name));
  if (stranger !== undefined) throw unknownField(stranger, names);
  if (schema === undefined) return {} as z.output<S>;
  // What stands for nothing would be read as the number 0.
  const empty = names.find((name) => typeof values[name] === 'string' && values[name].trim() === '');
  if (empty !== undefined) throw wrong(empty, 'is empty');
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const name = String(issue?.path[0] ?? where);
  if (values[name] === undefined) throw new HttpProblem('missing_field', `${name} is missing`);
  throw wrong(name, issue?.message ?? 'is not allowed');
}

function wrong(name: string, what: string): HttpProblem {
  return new HttpProblem(name === 'threshold' ? 'bad_threshold' : 'invalid_field', `${name}: ${what}`);
}
