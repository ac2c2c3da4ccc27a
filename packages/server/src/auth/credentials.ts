/**
 * Finds the one credential of a request (AUTH1–AUTH3) and refuses internal headers (AUTH6). Pure;
 * called at the edge for every request and upgrade, before anything of the body is read. Whether
 * the credential is any good is the authenticator's question.
 */
import { DomainError } from "@spool/protocol/errors";

/** What a request identifies itself with, unchecked. */
export type Credential = {
  readonly type: "api_key" | "session_token" | "sign_in";
  readonly secret: string;
};

/** Which ways of sending count: the WebSocket upgrade and SSE take some that REST does not. */
export type CredentialRoute = "rest" | "websocket" | "sse" | "no_auth";

/** The parts of a request that can hold a credential. */
export type CredentialRequest = {
  /**
   * Names and values in turn, as in Node's `rawHeaders`: its `headers` drops or joins repeated
   * ones, which must be seen here.
   */
  readonly rawHeaders: readonly string[];
  /** The parsed query; a repeated parameter is a list. */
  readonly query: Readonly<Record<string, unknown>>;
  readonly route: CredentialRoute;
  /** Whether a sign-in cookie counts where nothing else was sent (AUTH21). */
  readonly takesCookie?: boolean;
};

/** The cookie that holds a sign-in's secret (AUTH20). */
export const signInCookieName = "spool_session";

const internalPrefix = "x-internal-";
const keyPattern = /^rt_(?:live|test)_/;
const bearerPattern = /^bearer(?: +(.*))?$/i;
const protocolPrefix = "bearer.";

/**
 * The request's credential. Throws UNAUTHENTICATED without one, AMBIGUOUS_CREDENTIALS for several,
 * even equal ones, or for one in the query of a route that takes none there.
 */
export function readCredentials(request: CredentialRequest): Credential {
  const credential = findCredential(request);
  if (credential !== null) return credential;
  throw new DomainError(
    "UNAUTHENTICATED",
    "This needs a credential: send an API key as X-API-Key or a token as Authorization: Bearer.",
  );
}

/**
 * As `readCredentials`, but null without a credential. On a `no_auth` route headers do not count,
 * so that a probe behind somebody's proxy is answered; a credential in its query is still refused.
 */
export function findCredential(request: CredentialRequest): Credential | null {
  const found = headerCredentials(request);
  addQueryCredentials(request, found);
  if (found.length === 0 && request.takesCookie) found.push(...cookieCredentials(request));
  if (found.length > 1) throw ambiguous("Send exactly one credential, once.");
  return found[0] ?? null;
}

/** Throws INTERNAL_AUTH_REFUSED when any header of `rawHeaders` is an `X-Internal-*`. */
export function refuseInternalHeaders(rawHeaders: readonly string[]): void {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    if (name.slice(0, internalPrefix.length).toLowerCase() !== internalPrefix) continue;
    throw new DomainError(
      "INTERNAL_AUTH_REFUSED",
      "X-Internal-* headers do not count here; leave them out.",
    );
  }
}

function headerCredentials({ rawHeaders, route }: CredentialRequest): Credential[] {
  const found: Credential[] = [];
  if (route === "no_auth") return found;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] as string;
    switch (credentialHeader(rawHeaders[index] as string)) {
      case "x-api-key":
        found.push({ type: "api_key", secret: value });
        break;
      case "authorization":
        found.push(...authorization(value));
        break;
      case "sec-websocket-protocol":
        if (route === "websocket") found.push(...protocolCredentials(value));
        break;
    }
  }
  return found;
}

/** The lower-cased name of a header that may hold a credential; most are told by their length. */
function credentialHeader(name: string): string | null {
  const { length } = name;
  return length === 9 || length === 13 || length === 22 ? name.toLowerCase() : null;
}

/** Several of that name, as a neighbouring host may plant, are as ambiguous as several keys. */
function cookieCredentials({ rawHeaders }: CredentialRequest): Credential[] {
  const found: Credential[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== "cookie") continue;
    for (const pair of (rawHeaders[index + 1] as string).split(";")) {
      const equals = pair.indexOf("=");
      if (pair.slice(0, Math.max(0, equals)).trim() !== signInCookieName) continue;
      found.push({ type: "sign_in", secret: pair.slice(equals + 1).trim() });
    }
  }
  return found;
}

/** Schemes other than Bearer speak to somebody else, such as a proxy in front. */
function authorization(value: string): Credential[] {
  const match = bearerPattern.exec(value.trim());
  if (match === null) return [];
  const secret = match[1] ?? "";
  return [{ type: keyPattern.test(secret) ? "api_key" : "session_token", secret }];
}

function protocolCredentials(value: string): Credential[] {
  return value
    .split(",")
    .map((protocol) => protocol.trim())
    .filter((protocol) => protocol.startsWith(protocolPrefix))
    .map((protocol) => {
      return { type: "session_token", secret: protocol.slice(protocolPrefix.length) };
    });
}

function addQueryCredentials({ query, route }: CredentialRequest, found: Credential[]): void {
  const keys = valuesOf(query.api_key);
  const tokens = valuesOf(query.token);
  if (keys.length > 0 && route !== "websocket") {
    throw ambiguous("An API key in the query counts on the WebSocket only; send it as a header.");
  }
  if (tokens.length > 0 && route !== "websocket" && route !== "sse") {
    throw ambiguous("A token in the query counts on the live stream only; send it as a header.");
  }
  for (const secret of keys) found.push({ type: "api_key", secret });
  for (const secret of tokens) found.push({ type: "session_token", secret });
}

function valuesOf(parameter: unknown): string[] {
  if (parameter === undefined) return [];
  return Array.isArray(parameter) ? parameter.map(String) : [String(parameter)];
}

function ambiguous(message: string): DomainError {
  return new DomainError("AMBIGUOUS_CREDENTIALS", message);
}
