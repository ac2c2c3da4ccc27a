/**
 * Whether records that are neither message, call, run nor compaction are shown. Remembered by the
 * browser; where it keeps nothing, until the page is closed.
 */
import { useStore } from "../live/services.ts";
import { Store } from "../live/store.ts";

const storageKey = "spool.shows-custom";

/** The switch itself. */
export const showsCustom = new Store(remembered());

/** Whether `custom` records are shown; changes with the switch. */
export function useShowsCustom(): boolean {
  return useStore(showsCustom);
}

/** Turns the switch, and remembers how it stands. */
export function setShowsCustom(isShown: boolean): void {
  showsCustom.set(isShown);
  try {
    if (isShown) localStorage.setItem(storageKey, "true");
    else localStorage.removeItem(storageKey);
  } catch {
    // A browser that keeps nothing: the switch holds for this page.
  }
}

function remembered(): boolean {
  try {
    return localStorage.getItem(storageKey) === "true";
  } catch {
    // As above.
    return false;
  }
}
