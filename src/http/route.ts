import type { Readable } from 'node:stream';
import { z } from 'zod';
import type { VisionJob, VisionResult } from '../vision/contract.ts';
import type { Access, Standing } from './access.ts';
import type { HttpTarget } from './contract.ts';
import type { ProblemCode } from './problem.ts';
import type { Prometheus } from './prometheus.ts';

/** What a route answers with. */
export type Answer =
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'bytes'; readonly type: string; readonly body: Uint8Array | string }
  /** Server-sent events. */
  | { readonly kind: 'events'; readonly stream: Readable };

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Answer {
  return { kind: 'json', status, body, headers };
}

/** What a route can use beside what was sent. */
export interface RouteContext {
  readonly station: HttpTarget;
  readonly prometheus: Pick<Prometheus, 'contentType' | 'text'>;
  readonly access: Access;
  /** Why the request is answered; null where the route is open. */
  readonly standing: Standing | null;
  /** Analyses photos of this request, one request after the other, so that captures at the door do not wait for many. */
  readonly analyse: (job: VisionJob) => Promise<VisionResult>;
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal;
  /** Header fields of the request, their names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One address of the API. The OpenAPI document, the checks and the answers are made of it. */
export interface Route<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodObject = z.ZodObject,
> {
  /** Its `operationId`. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With parameters in braces, as in OpenAPI. */
  readonly path: string;
  readonly tag: 'verification' | 'gallery' | 'station' | 'events' | 'access';
  /** Half a sentence. */
  readonly summary: string;
  readonly description?: string;
  /** Asks for no token: there is nothing of the station to be seen. */
  readonly open?: boolean;
  /** Has photos analysed: only so many are open at once. */
  readonly heavy?: boolean;
  /** Stays open: only so many are at once. */
  readonly lasting?: boolean;
  readonly params?: P;
  readonly query?: Q;
  /** A form (multipart/form-data, RFC 7578) where a field of it is a file, else JSON. Fields that it doesn't have are refused. */
  readonly body?: B;
  /** By status: what it is, and its schema or, where it is no JSON, its media type. */
  readonly answers: Readonly<Record<number, readonly [description: string, content: z.ZodType | string]>>;
  /** Beside those that every route may have. */
  readonly problems: readonly ProblemCode[];
  handle(
    input: { readonly params: z.output<P>; readonly query: z.output<Q>; readonly body: z.output<B> },
    context: RouteContext,
  ): Answer | Promise<Answer>;
}

type Nothing = z.ZodObject<Record<string, never>>;

/** Keeps the types of one route while the table sees them all alike. */
export function route<
  P extends z.ZodObject = Nothing,
  Q extends z.ZodObject = Nothing,
  B extends z.ZodObject = Nothing,
>(definition: Route<P, Q, B>): Route {
  return definition;
}

/** A field of a form that is a file: its bytes. */
export function file(description: string) {
  return z
    .custom<Uint8Array>((value) => value instanceof Uint8Array, { error: 'must be a file' })
    .meta({ description, file: true });
}

export function isFile(schema: z.ZodType): boolean {
  return (
    schema.meta()?.['file'] === true ||
    (schema instanceof z.ZodOptional && isFile(schema.unwrap() as z.ZodType))
  );
}

/** Whether the body is a form. */
export function isForm(body: z.ZodObject): boolean {
  return Object.values(body.shape).some(isFile);
}
