/** Hands the focus on from the pane, where it waits for a thread to load, to the conversation. */
import { useEffect } from "react";

/** `isReady`: the conversation is there. */
export function useConversationFocus(isReady: boolean): void {
  useEffect(() => {
    const pane = document.querySelector("#conversation");
    if (!isReady || document.activeElement !== pane) return;
    // What scrolls takes the keys that scroll.
    pane?.querySelector<HTMLElement>(".items")?.focus({ preventScroll: true });
  }, [isReady]);
}
