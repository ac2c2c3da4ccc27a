/** Reads older threads before somebody who scrolls comes to the end of the loaded ones. */
import { type RefObject, useEffect } from "react";
import type { VirtualizerHandle } from "virtua";
import type { ThreadListState, ThreadListView } from "./thread-list-state.ts";

/** So far before the end the next page is asked for, in pixels. */
const aheadPixels = 5_000;

type Parts = {
  readonly state: ThreadListState;
  readonly view: ThreadListView;
  readonly list: RefObject<VirtualizerHandle | null>;
};

/** To be called when the list was scrolled; looks by itself whenever the list is shown anew. */
export function useReadOn({ state, view, list }: Parts): () => void {
  const look = () => {
    const { scrollOffset = 0, scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    const isNear = scrollOffset + viewportSize + aheadPixels > scrollSize;
    if (isNear && view.older === "some") void state.readOn();
  };
  useEffect(look);
  return look;
}
