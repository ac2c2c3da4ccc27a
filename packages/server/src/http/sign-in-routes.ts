/**
 * The routes of a browser's sign-in: begin, end, and end another one (AUTH20–AUTH25). `GET /v1/me`
 * lists them. A key or code that was sent here is checked and let go: it is kept nowhere.
 */
import { DomainError } from "@spool/protocol/errors";
import { CreateSignIn } from "@spool/protocol/requests";
import { validatorOf } from "@spool/protocol/validator";
import type { ApiKeys } from "../auth/api-keys.ts";
import { signInCookieName } from "../auth/credentials.ts";
import { invalidCredentials } from "../auth/invalid-credentials.ts";
import type { SignInCodes } from "../auth/sign-in-codes.ts";
import type { MadeSignIn, SignIns } from "../auth/sign-ins.ts";
import { type EmptyAnswer, empty } from "./answer.ts";
import { type Client, isOwnPage, type OwnOrigin } from "./own-origin.ts";
import { type Route, route } from "./route.ts";
import type { SignInAttempts } from "./sign-in-attempts.ts";

/** What the sign-in routes call. */
export type SignInServices = {
  readonly keys: ApiKeys;
  readonly signIns: SignIns;
  readonly codes: SignInCodes;
  readonly attempts: SignInAttempts;
  readonly ownOrigin: OwnOrigin;
};

/** The routes, in the order of the contract. */
export function signInRoutes(services: SignInServices): Route[] {
  return [signInRoute(services), signOutRoute(services), endSignInRoute(services)];
}

function signInRoute(services: SignInServices): Route {
  const { attempts, ownOrigin } = services;
  return route({
    method: "POST",
    path: "/v1/sign-in",
    guard: "public",
    query: {},
    body: { schema: CreateSignIn, check: validatorOf(CreateSignIn), optional: false },
    about: {
      summary: "Sign a browser in with an API key or a one-time code; sets a cookie",
      answers: { 204: null },
    },
    handle({ body, client, headers }) {
      requireOwnPage(client, ownOrigin);
      attempts.require(client.ip);
      const made = signedIn(services, body, headers["user-agent"]);
      if (made === null) {
        attempts.countWrong(client.ip);
        throw invalidCredentials("no such key or code");
      }
      const { createdAt, expiresAt } = made.signIn;
      const maxAgeSeconds = Math.floor((expiresAt - createdAt) / 1_000);
      return withCookie(made.secret, maxAgeSeconds, ownOrigin(client));
    },
  });
}

function signOutRoute({ signIns, ownOrigin }: SignInServices): Route {
  return route({
    method: "POST",
    path: "/v1/sign-out",
    guard: "anyone",
    takesCookie: true,
    query: {},
    body: null,
    about: { summary: "End the sign-in the request came with", answers: { 204: null } },
    handle({ principal, client }) {
      const { signInId } = principal;
      if (signInId === undefined) {
        throw new DomainError(
          "INVALID_REQUEST",
          "This credential is no sign-in. Revoke a key with DELETE /v1/api-keys/{keyId}.",
        );
      }
      signIns.end(signInId, principal);
      return withCookie("", 0, ownOrigin(client));
    },
  });
}

function endSignInRoute({ signIns }: SignInServices): Route {
  return route({
    method: "DELETE",
    path: "/v1/me/sign-ins/{signInId}",
    guard: "anyone",
    takesCookie: true,
    query: {},
    body: null,
    about: { summary: "End one of one's own sign-ins at once", answers: { 204: null } },
    handle({ principal, params }) {
      const isKeyed = principal.keyId !== null;
      if (isKeyed && signIns.end(params.signInId, principal)) return empty;
      throw new DomainError("NOT_FOUND", "You have no such sign-in. GET /v1/me lists them.");
    },
  });
}

/** The sign-in by what `body` holds; null when that is no key and no code that counts. */
function signedIn(
  { keys, signIns, codes }: SignInServices,
  { key, code }: CreateSignIn,
  userAgent: string | undefined,
): MadeSignIn | null {
  if (code !== undefined) return codes.redeem(code, (keyId) => signIns.begin(keyId, userAgent));
  const keyId = key === undefined ? null : (keys.findKey(key)?.keyId ?? null);
  return keyId === null ? null : signIns.begin(keyId, userAgent);
}

/** Another site's page must not sign a browser in, as itself for one; no page at all may. */
function requireOwnPage(client: Client, ownOrigin: OwnOrigin): void {
  const own = ownOrigin(client);
  if (own === null) {
    throw new DomainError(
      "INVALID_REQUEST",
      "Sign-in counts on 127.0.0.1 or localhost only, unless SPOOL_PUBLIC_URL names this address.",
    );
  }
  if (client.headers.origin === undefined || isOwnPage(client, "POST", ownOrigin)) return;
  throw new DomainError("INVALID_REQUEST", `Sign in from the server's own page, ${own}.`);
}

/** 204 with the cookie (AUTH20); `Secure` where the page came over https. */
function withCookie(value: string, maxAgeSeconds: number, origin: string | null): EmptyAnswer {
  const secure = origin?.startsWith("https:") ? "; Secure" : "";
  const rest = `Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Strict${secure}`;
  return { kind: "empty", headers: { "set-cookie": `${signInCookieName}=${value}; ${rest}` } };
}
