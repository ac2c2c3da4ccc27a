/**
 * Where the keyboard's focus goes between the list and the open thread: into the conversation when
 * a thread is opened by a key, back to its row on Escape, and nowhere when a pointer opened it.
 */
import { useEffect, useRef } from "react";
import type { Address } from "../routing/address.ts";
import type { ThreadPlace } from "../routing/route.ts";

/** For the shell, which has both. */
export function useFocusFlow(place: ThreadPlace | null): void {
  const key = place === null ? null : `${place.threadId} ${place.rolloutId}`;
  const before = useRef(key);
  useEffect(() => {
    const onClick = (event: MouseEvent) => {
      // A key's click has no count; a prevented one was turned into a place of this page.
      if (event.detail !== 0 || !event.defaultPrevented) return;
      const { target } = event;
      if (target instanceof Element && target.closest(".side a") !== null) afterRender(intoThread);
    };
    document.addEventListener("click", onClick);
    return () => document.removeEventListener("click", onClick);
  }, []);
  useEffect(() => {
    if (before.current === key) return;
    before.current = key;
    // What held the focus may have gone with the place before.
    afterRender(() => {
      if (document.activeElement === document.body && key !== null) intoThread();
    });
  }, [key]);
}

/** From the open thread to its row; on a narrow screen, to the list. Harmless with none open. */
export function backToList(address: Address): void {
  const { place } = address.route.get();
  if (place === null) return;
  const side = document.querySelector(".side");
  if (side?.contains(document.activeElement)) return;
  if (side instanceof HTMLElement && side.offsetParent === null) address.open(null);
  afterRender(() => {
    const path = `/threads/${encodeURIComponent(place.threadId)}`;
    const links = [...document.querySelectorAll<HTMLAnchorElement>(".side a")];
    const row = links.find((link) => link.pathname === path);
    (row ?? links[0])?.focus();
  });
}

/** The conversation where there is one, since it is what scrolls; else the pane. */
function intoThread(): void {
  const pane = document.querySelector<HTMLElement>("#conversation");
  (pane?.querySelector<HTMLElement>(".items") ?? pane)?.focus({ preventScroll: true });
}

function afterRender(act: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(act));
}
