/**
 * Where the page's connection stands, for the indicator: told by the live connection and by the
 * browser. Only tells; connecting again is the client library's.
 */
import type { LinkState } from "@spool/client/live-link";
import { Store } from "./store.ts";

/** `since` is when the connection was lost, in milliseconds of the clock. */
export type ConnectionState =
  | { readonly kind: "connecting" }
  | { readonly kind: "live" }
  | { readonly kind: "reconnecting"; readonly since: number }
  | { readonly kind: "offline"; readonly since: number };

/** The connection's state as a store. */
export class Connection {
  readonly state = new Store<ConnectionState>({ kind: "connecting" });
  readonly #window: Window;
  #lostAt: number | null = null;
  #link: LinkState = { state: "idle" };

  constructor(window: Window) {
    this.#window = window;
    window.addEventListener("online", () => this.#tell());
    window.addEventListener("offline", () => this.#tell());
  }

  /** Takes in what the live connection says. */
  take(link: LinkState): void {
    this.#link = link;
    if (link.state === "live") this.#lostAt = null;
    if (link.state === "offline") this.#lostAt ??= Date.now();
    this.#tell();
  }

  #tell(): void {
    if (!this.#window.navigator.onLine) {
      this.#lostAt ??= Date.now();
      this.state.set({ kind: "offline", since: this.#lostAt });
    } else if (this.#link.state === "live") {
      this.#lostAt = null;
      this.state.set({ kind: "live" });
    } else if (this.#lostAt === null) this.state.set({ kind: "connecting" });
    else this.state.set({ kind: "reconnecting", since: this.#lostAt });
  }
}
