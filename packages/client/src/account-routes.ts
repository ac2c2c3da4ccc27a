/**
 * The caller and their credentials over REST: who am I, API keys, session tokens, and the sign-in
 * of the page the server serves. Reached as `client.account`.
 */
import type { CreateApiKey, CreateSessionToken, CreateSignIn } from "@spool/protocol/requests";
import type { ApiKey, Me } from "@spool/protocol/resources";
import type { PageQuery } from "./history-routes.ts";
import type { CallOptions, HttpTransport } from "./http-transport.ts";
import { type Page, pageOf, walkPages } from "./pages.ts";

/** A new key with its secret, which is shown this once (AUTH7). */
export type CreatedApiKey = Pick<
  ApiKey,
  "id" | "name" | "scopes" | "role" | "expiresAt" | "createdAt"
> & { readonly key: string };

/** A minted token and when it ends (AUTH9). */
export type SessionToken = { readonly token: string; readonly expiresAt: string };

/** The routes about the caller. */
export class AccountRoutes {
  readonly #http: HttpTransport;

  constructor(http: HttpTransport) {
    this.#http = http;
  }

  /** Who the credential stands for (AUTH18). */
  async me(options: CallOptions = {}): Promise<Me> {
    return (await this.#http.json<Me>({ ...options, path: "/v1/me" })).data;
  }

  /** One page of the caller's keys, an admin's of the org (AUTH16). */
  async listKeys(query: PageQuery = {}, options: CallOptions = {}): Promise<Page<ApiKey>> {
    return pageOf(await this.#http.json({ ...options, path: "/v1/api-keys", query }), "keys");
  }

  /** All of those keys. */
  allKeys(options: CallOptions = {}): AsyncGenerator<ApiKey> {
    return walkPages((cursor) => this.listKeys({ cursor }, options));
  }

  /** Makes a key; what `body` leaves out is the caller's own (AUTH15). */
  async createKey(body: CreateApiKey = {}, options: CallOptions = {}): Promise<CreatedApiKey> {
    const request = { ...options, method: "POST", path: "/v1/api-keys", body } as const;
    return (await this.#http.json<CreatedApiKey>(request)).data;
  }

  /** Revokes a key; its next use is refused (AUTH16). */
  async revokeKey(keyId: string, options: CallOptions = {}): Promise<void> {
    const path = `/v1/api-keys/${encodeURIComponent(keyId)}`;
    await this.#http.send({ ...options, method: "DELETE", path });
  }

  /**
   * Signs this browser in with an API key or a one-time code (AUTH20). Only on the server's own page,
   * over a connection without a credential; the cookie that comes of it no script can read.
   */
  async signIn(body: CreateSignIn, options: CallOptions = {}): Promise<void> {
    await this.#http.send({ ...options, method: "POST", path: "/v1/sign-in", body });
  }

  /** Ends the sign-in of this browser with its tokens (AUTH23). */
  async signOut(options: CallOptions = {}): Promise<void> {
    await this.#http.send({ ...options, method: "POST", path: "/v1/sign-out" });
  }

  /** Ends one of the sign-ins that `me` lists (AUTH25). */
  async endSignIn(signInId: string, options: CallOptions = {}): Promise<void> {
    const path = `/v1/me/sign-ins/${encodeURIComponent(signInId)}`;
    await this.#http.send({ ...options, method: "DELETE", path });
  }

  /**
   * Turns the connection's API key, or without one the browser's sign-in, into a token of at most
   * its scopes (AUTH9).
   */
  async createSessionToken(
    body: CreateSessionToken = {},
    options: CallOptions = {},
  ): Promise<SessionToken> {
    const request = { ...options, method: "POST", path: "/v1/session-tokens", body } as const;
    return (await this.#http.json<SessionToken>(request)).data;
  }
}
