/**
 * Tells the list while somebody points at its rows: with the pointer over them, a finger on them,
 * or the keyboard's focus in them. A focus that a click left behind does not count, nor one of a
 * window in the background.
 */
import { type RefObject, useEffect } from "react";
import type { ThreadListState } from "./thread-list-state.ts";

/** `body` holds the rows and what acts on their order. */
export function useHeldOrder(state: ThreadListState, body: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = body.current;
    if (element === null) return;
    let isOver = false;
    const look = () => {
      const hasKeys = document.hasFocus() && element.querySelector(":focus-visible") !== null;
      state.point(isOver || hasKeys);
    };
    const over = () => {
      isOver = true;
      look();
    };
    const out = () => {
      isOver = false;
      look();
    };
    // When the focus moves, the element that has it next is known only afterwards.
    const later = () => queueMicrotask(look);
    const listening = new AbortController();
    const { signal } = listening;
    element.addEventListener("pointerenter", over, { signal });
    element.addEventListener("pointermove", over, { signal, passive: true });
    element.addEventListener("pointerleave", out, { signal });
    element.addEventListener("focusin", look, { signal });
    element.addEventListener("focusout", later, { signal });
    element.addEventListener("keydown", later, { signal });
    window.addEventListener("blur", look, { signal });
    window.addEventListener("focus", look, { signal });
    return () => {
      listening.abort();
      state.point(false);
    };
  }, [state, body]);
}
