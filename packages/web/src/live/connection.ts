/**
 * Where the page's connection stands, for the indicator: told by the live connection, the browser
 * and the sign-in. Connecting again is the client library's; here it is only told when its wait is
 * worth nothing any more (`wake-ups.ts`).
 */
import type { LinkState } from "@spool/client/live-link";
import { Store } from "./store.ts";
import { onWakeUp } from "./wake-ups.ts";

/** `since` is when the connection was lost, in milliseconds of the clock. */
export type ConnectionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "reconnecting"; readonly since: number }
  | { readonly kind: "offline"; readonly since: number }
  | { readonly kind: "signed-out" };

/** The connection's state as a store. */
export class Connection {
  readonly state = new Store<ConnectionState>({ kind: "connecting" });
  readonly #window: Window;
  #lostAt: number | null = null;
  #link: LinkState = { state: "idle" };
  #isSignedOut = false;

  /** `retryNow` is called when the connection should be tried, or doubted, at once. */
  constructor(window: Window, retryNow: () => void) {
    this.#window = window;
    window.addEventListener("online", () => this.#tell());
    window.addEventListener("offline", () => this.#tell());
    onWakeUp(window, retryNow);
  }

  /** Takes in what the live connection says. */
  take(link: LinkState): void {
    this.#link = link;
    if (link.state === "live") this.#lostAt = null;
    if (link.state === "offline") this.#lostAt ??= Date.now();
    this.#tell();
  }

  /** Nobody is signed in, or somebody is again: what was lost before counts no more. */
  takeSignIn(isSignedIn: boolean): void {
    this.#isSignedOut = !isSignedIn;
    if (!isSignedIn) this.#lostAt = null;
    this.#tell();
  }

  #tell(): void {
    if (this.#isSignedOut) this.state.set({ kind: "signed-out" });
    else if (!this.#window.navigator.onLine) {
      this.#lostAt ??= Date.now();
      this.state.set({ kind: "offline", since: this.#lostAt });
    } else if (this.#link.state === "live") {
      this.#lostAt = null;
      this.state.set({ kind: "live" });
    } else if (this.#lostAt === null) this.state.set({ kind: "connecting" });
    else this.state.set({ kind: "reconnecting", since: this.#lostAt });
  }
}
