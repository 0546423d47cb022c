/** What the station answers when it can't do what it was asked for (RFC 9457, `application/problem+json`). */
export class Problem extends Error {
  /** HTTP status; 0 where the station could not be reached. */
  readonly status: number;
  readonly code: string;
  readonly remedy: string | null;
  /** The whole answer, where it was JSON. */
  readonly body: object | null;

  constructor(
    status: number,
    code: string,
    message: string,
    { remedy = null, body = null }: { remedy?: string | null; body?: object | null } = {},
  ) {
    super(message);
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.body = body;
  }
}

export interface Api {
  /** Path below `/api/v1/`. Throws Problem. */
  get<T>(path: string): Promise<T>;
  /** A form, JSON as text, or nothing. */
  post<T>(path: string, body: FormData | string | null): Promise<T>;
  remove(path: string): Promise<void>;
  picture(path: string): Promise<Blob>;
  /** The response of a stream, open. */
  stream(path: string, signal: AbortSignal): Promise<Response>;
}

/** The API of the station that this page is from. The browser shows the cookie of its session, where there is one. */
export function createApi(): Api {
  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`/api/v1/${path}`, { ...init, cache: 'no-store' });
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      throw new Problem(0, 'unreachable', 'The station can’t be reached.', {
        remedy: 'Is it running, and is this device in its network?',
      });
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }

  return {
    get: async <T>(path: string) => (await (await request(path)).json()) as T,
    async post<T>(path: string, body: FormData | string | null) {
      const headers: HeadersInit = typeof body === 'string' ? { 'content-type': 'application/json' } : {};
      return (await (await request(path, { method: 'POST', body, headers })).json()) as T;
    },
    async remove(path) {
      await request(path, { method: 'DELETE' });
    },
    picture: async (path) => await (await request(path)).blob(),
    stream: (path, signal) => request(path, { signal }),
  };
}

async function problemOf(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => null)) as {
    code?: string;
    title?: string;
    detail?: string;
    remedy?: string;
  } | null;
  const message = body?.detail ?? body?.title ?? `The station answered with status ${response.status}.`;
  return new Problem(response.status, body?.code ?? `http_${response.status}`, sentence(message), {
    remedy: body?.remedy === undefined ? null : sentence(body.remedy),
    body,
  });
}

/** With a capital letter and a full stop. */
function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}

/** For a person, of anything that was thrown. */
export function problemText(error: unknown): string {
  if (error instanceof Problem)
    return error.remedy === null ? error.message : `${error.message} ${error.remedy}`;
  return error instanceof Error ? error.message : String(error);
}
