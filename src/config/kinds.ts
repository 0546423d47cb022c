import { z } from 'zod';
import { cronProblem } from '../upkeep/cron.ts';

/**
 * The kinds of field that a config is made of. Each carries its default and its description, so that
 * the schema says everything about a field in one place. `allowed` in a field's metadata replaces the text about
 * allowed values that is otherwise read off the schema.
 */

/** A whole number, ends included. */
export function whole(min: number, max: number, fallback: number, description: string) {
  return z.int().min(min).max(max).default(fallback).describe(description);
}

/** Any number, ends included. */
export function decimal(min: number, max: number, fallback: number, description: string) {
  return z.number().min(min).max(max).default(fallback).describe(description);
}

export function flag(fallback: boolean, description: string) {
  return z.boolean().default(fallback).describe(description);
}

/** One of a closed list of words. */
export function choice<const W extends readonly [string, ...string[]]>(
  words: W,
  fallback: NoInfer<W[number]>,
  description: string,
) {
  return z
    .enum(words)
    .default(() => fallback)
    .describe(description);
}

/** A time table in the words of cron; null switches it off. */
export function cron(fallback: string, description: string) {
  return remote(
    z
      .string()
      .refine((expression) => cronProblem(expression) === null)
      .nullable()
      .default(fallback)
      .describe(description)
      .meta({
        allowed:
          'a cron expression in quotes, such as "17 3 * * *" (minute, hour, day, month, weekday, in the local time), or null for never',
      }),
  );
}

/** `auto`, or a number of one's own. */
export function auto(own: z.ZodNumber, description: string) {
  return z
    .union([z.literal('auto'), own])
    .default('auto')
    .describe(description);
}

const words = z.string().min(1).max(4096);

export function text(fallback: string, description: string) {
  return words.default(fallback).describe(description);
}

/** Text that may be absent; null is its default. */
export function optionalText(description: string) {
  return words.nullable().default(null).describe(description);
}

/** A part of a topic and of file names: a closed alphabet, so that it needs no escaping anywhere. */
export function id(fallback: string, description: string, reserved: readonly string[] = []) {
  const notReserved = reserved.length === 0 ? '' : `(?!(?:${reserved.join('|')})$)`;
  const but = reserved.length === 0 ? '' : `, but not ${reserved.join(', ')}`;
  return z
    .string()
    .regex(new RegExp(`^${notReserved}[a-z0-9-]{1,32}$`))
    .default(fallback)
    .describe(description)
    .meta({ allowed: `1 to 32 of the characters a-z, 0-9 and -${but}` });
}

/** Marks a field that may be changed over `config/desired`. */
export function remote<S extends z.ZodType>(field: S): S {
  return field.meta({ ...field.meta(), remote: true });
}

/** Marks a field whose value is never shown or logged. */
export function secret<S extends z.ZodType>(field: S): S {
  return field.meta({ ...field.meta(), secret: true });
}

/** Reports that fields of a section don't go together, at one of its keys. */
export type Conflict = (key: string, message: string) => void;

/** Marked, so that its message is told apart from a field's own complaint about its value. */
export function conflictIssue(path: string[], message: string) {
  return { code: 'custom' as const, path, message, params: { conflict: true } };
}

/** A group of fields. Each of them has a default, so that the section may be left out. */
export function section<S extends z.ZodRawShape>(
  description: string,
  shape: S,
  check?: (value: z.output<z.ZodObject<S, z.core.$strict>>, conflict: Conflict) => void,
) {
  const fields = z.strictObject(shape);
  const checked =
    check === undefined
      ? fields
      : fields.superRefine((value, context) => {
          check(value, (key, message) => context.addIssue(conflictIssue([key], message)));
        });
  return checked.prefault({} as never).describe(description);
}
