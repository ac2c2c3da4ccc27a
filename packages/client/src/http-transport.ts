/**
 * One HTTP exchange with a Spool server: address, credential, envelope, errors. Guarantees that
 * whatever fails comes out as a `SpoolError` (an abort by the caller as the signal's reason).
 * Used by the route groups of `spool-client.ts`.
 */
import { SpoolError } from "./spool-error.ts";

/**
 * How the caller identifies itself: an API key, or a session token that may be fetched anew. A
 * function that throws has none for the moment; it throws a SpoolError to say more.
 */
export type Credential =
  | { readonly apiKey: string }
  | { readonly token: string | (() => string | Promise<string>) };

/** Where the server is and who is calling. */
export type ConnectionOptions = {
  /** Such as `http://127.0.0.1:4646`; a path prefix of a proxy is kept. */
  readonly url: string;
  /** Absent only for the routes that need none. */
  readonly credential?: Credential;
  /** How long one answer may take, in milliseconds (30,000 by default); of a stream, to begin. */
  readonly timeoutMs?: number;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch;
};

/** Values of a query; those that are undefined or null are left out. */
export type Query = { readonly [name: string]: string | number | boolean | null | undefined };

/** What `fetch` sends as it is. */
export type UploadBody = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** One request below the server's address. */
export type HttpRequest = {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** Beginning with a slash, ids already encoded. */
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, in place of `body`; a stream as it comes. */
  readonly upload?: { readonly type: string; readonly body: UploadBody };
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** In place of the connection's. */
  readonly timeoutMs?: number;
};

/** What a call may be given besides its own parameters. */
export type CallOptions = { readonly signal?: AbortSignal | undefined };

/** A success envelope (WIRE1, PAGE3). */
export type Envelope<T> = {
  readonly data: T;
  readonly meta: {
    readonly requestId: string;
    readonly hasMore?: boolean;
    readonly nextCursor?: string | null;
  };
  /** Those of the answer. */
  readonly headers: Headers;
};

const timeoutMsDefault = 30_000;
const encoder = new TextEncoder();

/** Sends requests of one connection. Stateless: safe to share. */
export class HttpTransport {
  readonly #options: ConnectionOptions;
  readonly #base: string;

  /** Throws a TypeError for a `url` that is none. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#base = new URL(options.url).href.replace(/\/+$/, "");
  }

  /** The absolute address of a path. */
  urlOf(path: string, query: Query = {}): URL {
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
    }
    return url;
  }

  /** The API key or token to identify with; null when the connection has none. Throws SpoolError. */
  async credential(): Promise<{ apiKey: string } | { token: string } | null> {
    const { credential } = this.#options;
    if (credential === undefined) return null;
    if ("apiKey" in credential) return { apiKey: credential.apiKey };
    const { token } = credential;
    try {
      return { token: typeof token === "string" ? token : await token() };
    } catch (error) {
      throw error instanceof SpoolError ? error : noToken(error);
    }
  }

  /** Whether asking for the credential again may give another one. */
  get renewsCredential(): boolean {
    const { credential } = this.#options;
    return (
      credential !== undefined && "token" in credential && typeof credential.token !== "string"
    );
  }

  /** The answer's envelope. Throws SpoolError for a refusal and for an answer that is none. */
  json<T>(request: HttpRequest): Promise<Envelope<T>> {
    return this.#exchange(request, async (response) => {
      const body = await parsedBody(response);
      if (typeof body !== "object" || body === null || !("data" in body)) throw foreign(response);
      return { ...(body as Omit<Envelope<T>, "headers">), headers: response.headers };
    });
  }

  /** A successful answer whose body is the caller's to read. Throws SpoolError otherwise. */
  send(request: HttpRequest): Promise<Response> {
    return this.#exchange(request, async (response) => response);
  }

  /** Sends, reads with `read`, and maps every failure of either. */
  async #exchange<T>(request: HttpRequest, read: (response: Response) => Promise<T>): Promise<T> {
    const url = this.urlOf(request.path, request.query);
    const headers = await this.#headers(request);
    const timeoutMs = request.timeoutMs ?? this.#options.timeoutMs ?? timeoutMsDefault;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    try {
      const response = await (this.#options.fetch ?? fetch)(url, {
        method: request.method ?? "GET",
        headers,
        // A redirect would carry X-API-Key to another server.
        redirect: "error",
        signal: AbortSignal.any([timeout.signal, ...(request.signal ? [request.signal] : [])]),
        ...bodyOf(request),
      });
      if (!response.ok) throw await refusalOf(response);
      return await read(response);
    } catch (error) {
      if (error instanceof SpoolError) throw error;
      request.signal?.throwIfAborted();
      const late = `none within ${timeoutMs / 1_000} s`;
      throw noAnswer(url, timeout.signal.aborted ? late : reasonOf(error), error);
    } finally {
      clearTimeout(timer);
    }
  }

  async #headers(request: HttpRequest): Promise<Record<string, string>> {
    const headers: Record<string, string> = { accept: "application/json", ...request.headers };
    const credential = await this.credential();
    if (credential !== null && "apiKey" in credential) headers["x-api-key"] = credential.apiKey;
    else if (credential !== null) headers.authorization = `Bearer ${credential.token}`;
    if (request.upload !== undefined) headers["content-type"] = request.upload.type;
    else if (request.body !== undefined) headers["content-type"] = "application/json";
    return headers;
  }
}

/** `duplex`, which types do not know yet, says that no answer is read before all is sent. */
function bodyOf({ body, upload }: HttpRequest): RequestInit {
  if (upload !== undefined) return { body: upload.body, duplex: "half" } as RequestInit;
  // As bytes: fetch would check and copy a text once more.
  return body === undefined ? {} : { body: encoder.encode(JSON.stringify(body)) };
}

async function refusalOf(response: Response): Promise<SpoolError> {
  const body = await parsedBody(response);
  const error = (body as { error?: Record<string, unknown> } | null)?.error;
  if (typeof error?.code !== "string") return foreign(response);
  return new SpoolError(String(error.message), {
    code: error.code,
    status: response.status,
    requestId: String(error.requestId),
    details: (error.details ?? {}) as Record<string, unknown>,
    retryAfterSeconds: retryAfterOf(response),
  });
}

/** The body as JSON; null when it is none or breaks off. */
async function parsedBody(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    // Not Spool's: every caller turns null into INVALID_ANSWER.
    return null;
  }
}

function foreign(response: Response): SpoolError {
  const { origin } = new URL(response.url);
  const hint = response.status >= 500 ? "try again later" : "check the address";
  return new SpoolError(`${origin} answered ${response.status}, but not as Spool does; ${hint}`, {
    code: "INVALID_ANSWER",
    status: response.status,
    requestId: response.headers.get("x-request-id"),
    retryAfterSeconds: retryAfterOf(response),
  });
}

function noAnswer(url: URL, why: string, cause: unknown): SpoolError {
  return new SpoolError(`no answer from ${url.origin}: ${why}`, {
    code: "NO_ANSWER",
    status: 0,
    cause,
  });
}

function noToken(cause: unknown): SpoolError {
  return new SpoolError(`no session token: ${reasonOf(cause)}`, {
    code: "NO_ANSWER",
    status: 0,
    cause,
  });
}

/** Node hides the reason in `cause`, sometimes one per address tried; browsers tell none. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as {
    cause?: { code?: string; message?: string };
    message?: string;
  };
  return cause?.code ?? (cause?.message || message || "connection failed");
}

function retryAfterOf(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}
