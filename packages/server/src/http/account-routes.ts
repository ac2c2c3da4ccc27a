/**
 * The routes of credentials: who am I, API keys, session tokens, and the public keys that check
 * those tokens (AUTH9, AUTH10, AUTH15, AUTH16, AUTH18).
 */
import { DomainError } from "@spool/protocol/errors";
import { listPage } from "@spool/protocol/limits";
import { CreateApiKey, CreateSessionToken } from "@spool/protocol/requests";
import { ApiKey, Me, Role, Scope } from "@spool/protocol/resources";
import { Timestamp, timestampOf } from "@spool/protocol/times";
import { validatorOf } from "@spool/protocol/validator";
import { apiKeyResource, type KeyPosition } from "../auth/api-key-rows.ts";
import type { ApiKeys } from "../auth/api-keys.ts";
import { keyRangeOf, requestedKey } from "../auth/key-request.ts";
import type { Principal } from "../auth/principal.ts";
import type { SessionTokens } from "../auth/session-tokens.ts";
import { signInResource } from "../auth/sign-in-rows.ts";
import type { SignIns } from "../auth/sign-ins.ts";
import type { PageCursors } from "../threads/page-cursors.ts";
import { empty, json } from "./answer.ts";
import { cursor, limitOf } from "./query.ts";
import { type Route, route } from "./route.ts";
import { listOf, nullable, objectOf, text } from "./schema.ts";

/** What the account routes call. */
export type AccountServices = {
  readonly keys: ApiKeys;
  readonly tokens: SessionTokens;
  readonly signIns: SignIns;
  readonly cursors: PageCursors;
};

/** The routes, in the order of the contract. */
export function accountRoutes(services: AccountServices): Route[] {
  return [
    meRoute(services),
    listKeysRoute(services),
    createKeyRoute(services),
    revokeKeyRoute(services),
    createTokenRoute(services),
    jwksRoute(services),
  ];
}

function meRoute({ signIns }: AccountServices): Route {
  return route({
    method: "GET",
    path: "/v1/me",
    guard: "anyone",
    takesCookie: true,
    query: {},
    body: null,
    about: { summary: "Who the credential stands for", answers: { 200: Me } },
    handle({ principal }) {
      // An identity provider's people sign in there.
      if (principal.keyId === null) return json(meOf(principal));
      const own = signIns.list(principal);
      const list = own.map((signIn) => signInResource(signIn, principal.signInId));
      return json({ ...meOf(principal), signIns: list });
    },
  });
}

function meOf({ orgId, userId, role, scopes, credential }: Principal) {
  const expiresAt = timeOrNull(credential.expiresAt);
  return { orgId, userId, role, scopes, credential: { ...credential, expiresAt } };
}

function listKeysRoute({ keys, cursors }: AccountServices): Route {
  return route({
    method: "GET",
    path: "/v1/api-keys",
    guard: "anyone",
    query: { limit: limitOf(listPage), cursor },
    body: null,
    about: {
      summary: "List own API keys, as an admin the org's",
      answers: { 200: objectOf({ keys: listOf(ApiKey) }) },
      paged: true,
    },
    handle({ principal, query }) {
      const after =
        query.cursor === undefined
          ? null
          : cursors.open<KeyPosition>("keys", principal, query.cursor);
      const limit = query.limit ?? listPage.default;
      const page = keys.list(keyRangeOf(principal), { limit, after });
      const nextCursor = page.next && cursors.seal("keys", principal, page.next);
      const answer = json({ keys: page.keys.map(apiKeyResource) });
      return { ...answer, page: { nextCursor } };
    },
  });
}

function createKeyRoute({ keys }: AccountServices): Route {
  return route({
    method: "POST",
    path: "/v1/api-keys",
    guard: "anyone",
    query: {},
    body: { schema: CreateApiKey, check: validatorOf(CreateApiKey), optional: false },
    about: {
      summary: "Make an API key; what is missing is the maker's",
      answers: {
        201: objectOf({
          id: text,
          key: { type: "string", description: "The secret, shown this once" },
          name: nullable(text),
          scopes: listOf(Scope),
          role: Role,
          expiresAt: nullable(Timestamp),
          createdAt: Timestamp,
        }),
      },
    },
    handle({ principal, body }) {
      const own = principal.keyId === null ? null : keys.findById(principal.keyId);
      const request = requestedKey(principal, body, own?.credential.expiresAt ?? null);
      const { key, secret } = keys.create(request);
      const { id, name, scopes, role, expiresAt, createdAt } = apiKeyResource(key);
      return json({ id, key: secret, name, scopes, role, expiresAt, createdAt }, 201);
    },
  });
}

function revokeKeyRoute({ keys }: AccountServices): Route {
  return route({
    method: "DELETE",
    path: "/v1/api-keys/{keyId}",
    guard: "anyone",
    query: {},
    body: null,
    about: { summary: "Revoke an API key at once", answers: { 204: null } },
    handle({ principal, params }) {
      if (keys.revoke(params.keyId, keyRangeOf(principal))) return empty;
      throw new DomainError(
        "NOT_FOUND",
        "There is no such key among those you may see. GET /v1/api-keys lists them.",
      );
    },
  });
}

function createTokenRoute({ tokens }: AccountServices): Route {
  return route({
    method: "POST",
    path: "/v1/session-tokens",
    guard: "anyone",
    takesCookie: true,
    query: {},
    body: { schema: CreateSessionToken, check: validatorOf(CreateSessionToken), optional: false },
    about: {
      summary: "Turn an API key or a sign-in into a short-lived token of at most its scopes",
      answers: { 201: objectOf({ token: text, expiresAt: Timestamp }) },
    },
    async handle({ principal, body }) {
      const { token, expiresAt } = await tokens.mint(principal, body);
      return json({ token, expiresAt: timestampOf(expiresAt) }, 201);
    },
  });
}

function jwksRoute({ tokens }: AccountServices): Route {
  return route({
    method: "GET",
    path: "/.well-known/jwks.json",
    guard: "public",
    query: {},
    body: null,
    about: {
      summary: "The public keys of this server's tokens",
      answers: { 200: null },
      mediaType: "application/json",
    },
    handle: () => ({
      kind: "text",
      contentType: "application/json",
      text: JSON.stringify(tokens.jwks()),
      cacheControl: "public, max-age=300",
    }),
  });
}

function timeOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : timestampOf(milliseconds);
}
