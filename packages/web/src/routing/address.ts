/**
 * The address the page stands at, as a store, and the ways to another one. Links are real links, so
 * that a middle click opens a tab; a plain click stays in the page.
 */
import type { MouseEvent } from "react";
import { Store } from "../live/store.ts";
import { hrefOf, type ListFilter, type Route, routeOf, type ThreadPlace } from "./route.ts";

/** Follows the browser's history. */
export class Address {
  readonly route: Store<Route>;
  readonly #window: Window;

  constructor(window: Window) {
    this.#window = window;
    this.route = new Store(routeOf(window.location.pathname, window.location.search));
    window.addEventListener("popstate", () => this.#read());
  }

  /** Opens a thread, or with null the list; the filter stays. */
  open(place: ThreadPlace | null): void {
    this.#window.history.pushState(null, "", this.hrefOf(place));
    this.#read();
  }

  /** Narrows the list; no new entry in the history, since it is done while typing. */
  narrow(change: Partial<ListFilter>): void {
    const { place, filter } = this.route.get();
    const href = hrefOf({ place, filter: { ...filter, ...change } });
    this.#window.history.replaceState(null, "", href);
    this.#read();
  }

  /** The address of a thread, with the list as it is narrowed now. */
  hrefOf(place: ThreadPlace | null): string {
    return hrefOf({ place, filter: this.route.get().filter });
  }

  /** For an `<a>`: where it leads, and what a plain click does. */
  linkTo(place: ThreadPlace | null): { href: string; onClick: (event: MouseEvent) => void } {
    return {
      href: this.hrefOf(place),
      onClick: (event) => {
        const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey);
        if (!isPlain || event.defaultPrevented) return;
        event.preventDefault();
        this.open(place);
      },
    };
  }

  #read(): void {
    this.route.set(routeOf(this.#window.location.pathname, this.#window.location.search));
  }
}

/** A thread from its beginning to its end, its newest event in view. */
export function threadPlace(threadId: string): ThreadPlace {
  return { threadId, rolloutId: null, at: null };
}
