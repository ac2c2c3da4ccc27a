/**
 * Who is signed in, in this browser. The sign-in is a cookie that no script sees (AUTH20); what the
 * page holds are short tokens, minted with it, renewed before they end, kept in memory only.
 * Tabs share the cookie and tell each other when it comes or goes.
 *
 *   start ─▶ code in the fragment? sign in with it ─▶ mint a token ─▶ signed in
 *                                                       │ 401 ─▶ signed out ── key ─▶ sign in …
 *                                                       │ no answer ─▶ wait, again
 */
import { withRetries } from "@spool/client/retry";
import { SpoolClient } from "@spool/client/spool-client";
import { SpoolError } from "@spool/client/spool-error";
import type { Me } from "@spool/protocol/resources";
import { Store } from "../live/store.ts";

/** `trouble`: why it takes long, or null. `reason`: why nobody is signed in. */
export type SessionState =
  | { readonly kind: "starting"; readonly trouble: string | null }
  | { readonly kind: "signed-out"; readonly reason: "none" | "ended" | "code-refused" }
  | { readonly kind: "signed-in"; readonly me: Me };

/** A token and when it is to be renewed, on the monotonic clock. */
type Token = { readonly text: string; readonly renewAt: number };

/** How long a token lives, and after which part of its life it is renewed. */
const tokenSeconds = 900;
const renewedAfter = 0.8;

/** The sign-in of this browser. */
export class Session {
  readonly state = new Store<SessionState>({ kind: "starting", trouble: null });
  /** Speaks with the session's tokens. */
  readonly client: SpoolClient;
  /** Speaks with the cookie: signing in and out, minting. */
  readonly #cookieClient: SpoolClient;
  readonly #window: Window;
  readonly #tabs = new BroadcastChannel("spool-session");
  #token: Token | null = null;
  #minting: Promise<string> | null = null;

  constructor(window: Window) {
    this.#window = window;
    const url = window.location.origin;
    this.#cookieClient = new SpoolClient({ url });
    this.client = new SpoolClient({
      url,
      credential: { token: () => this.#currentToken() },
      fetch: (input, init) => this.#fetch(input, init),
    });
    this.#tabs.onmessage = ({ data }) => this.#hear(data);
  }

  /** Signs in with the code of the address, if there is one, or goes on with the cookie. */
  start(): void {
    void this.#start(this.#takeCode());
  }

  /** Signs in with an API key, which is not kept. Throws SpoolError when it is refused. */
  async signIn(key: string): Promise<void> {
    await this.#cookieClient.account.signIn({ key });
    this.#tabs.postMessage("signed-in");
    await this.#enter();
  }

  /** Ends this browser's sign-in, in every tab. Throws SpoolError when the server cannot be asked. */
  async signOut(): Promise<void> {
    await this.#cookieClient.account.signOut();
    this.#tabs.postMessage("signed-out");
    this.#leave("none");
  }

  async #start(code: string | null): Promise<void> {
    let reason: "none" | "code-refused" = "none";
    try {
      if (code !== null) await this.#persist(() => this.#cookieClient.account.signIn({ code }));
    } catch (error) {
      // Used, too old, or made before a restart: whoever is signed in already goes on.
      if (!(error instanceof SpoolError)) throw error;
      reason = "code-refused";
    }
    if (code !== null && reason === "none") this.#tabs.postMessage("signed-in");
    try {
      await this.#persist(() => this.#enter());
    } catch (error) {
      if (!(error instanceof SpoolError)) throw error;
      this.#leave(reason);
    }
  }

  /** The code in the fragment, which is taken out of the address and of the history. */
  #takeCode(): string | null {
    const { hash, pathname, search } = this.#window.location;
    const code = new URLSearchParams(hash.slice(1)).get("code");
    if (code !== null) this.#window.history.replaceState(null, "", pathname + search);
    return code || null;
  }

  async #enter(): Promise<void> {
    this.#token = null;
    const me = await this.client.account.me();
    this.state.set({ kind: "signed-in", me });
  }

  #leave(reason: "none" | "ended" | "code-refused"): void {
    this.#token = null;
    this.state.set({ kind: "signed-out", reason });
  }

  /** Tries until somebody answers, and says meanwhile why it takes long. */
  #persist<T>(attempt: () => Promise<T>): Promise<T> {
    return withRetries(attempt, {
      giveUpAfterMs: Number.POSITIVE_INFINITY,
      onRetry: ({ message }) => this.state.set({ kind: "starting", trouble: message }),
    });
  }

  #currentToken(): string | Promise<string> {
    if (this.#token !== null && performance.now() < this.#token.renewAt) return this.#token.text;
    this.#minting ??= this.#mint().finally(() => {
      this.#minting = null;
    });
    return this.#minting;
  }

  async #mint(): Promise<string> {
    const askedAt = performance.now();
    try {
      const body = { ttlSeconds: tokenSeconds };
      const { token } = await this.#cookieClient.account.createSessionToken(body);
      this.#token = { text: token, renewAt: askedAt + tokenSeconds * 1_000 * renewedAfter };
      return token;
    } catch (error) {
      const isOver = error instanceof SpoolError && error.status === 401;
      if (isOver && this.state.get().kind === "signed-in") this.#leave("ended");
      throw error;
    }
  }

  /** A refused token is replaced once: the clock may have stood still while the machine slept. */
  async #fetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(input, init);
    if (response.status !== 401) return response;
    this.#token = null;
    const token = await this.#currentToken();
    return fetch(input, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${token}` },
    });
  }

  #hear(message: unknown): void {
    const { kind } = this.state.get();
    if (message === "signed-out" && kind === "signed-in") this.#leave("none");
    if (message === "signed-in" && kind === "signed-out") void this.#start(null);
  }
}
