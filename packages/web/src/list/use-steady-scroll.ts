/**
 * Keeps the row at the upper edge where it is when rows above it come, go or move. At the very top
 * the list stays at the top, so that what is new is seen.
 */
import { type RefObject, useLayoutEffect, useRef } from "react";
import type { VirtualizerHandle } from "virtua";
import type { ListedThread } from "./listed-thread.ts";

/** The row at the edge: whose it is, and how far it stands above the edge, in pixels. */
type Anchor = { readonly threadId: string; readonly above: number };

/** What the virtual list is to be given. */
export type SteadyScroll = {
  readonly list: RefObject<VirtualizerHandle | null>;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly onScroll: () => void;
};

/** For the rows of `threads`. */
export function useSteadyScroll(threads: readonly ListedThread[]): SteadyScroll {
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const anchor = useRef<Anchor | null>(null);
  const shown = useRef(threads);
  const onScroll = () => {
    const handle = list.current;
    if (handle === null) return;
    const offset = handle.scrollOffset;
    const index = handle.findItemIndex(offset);
    const thread = offset > 0 ? shown.current[index] : undefined;
    anchor.current =
      thread === undefined
        ? null
        : { threadId: thread.id, above: offset - handle.getItemOffset(index) };
  };
  useLayoutEffect(() => {
    const before = shown.current;
    shown.current = threads;
    const { current: at } = anchor;
    const { current: handle } = list;
    if (before === threads || at === null || handle === null) return;
    const index = threads.findIndex(({ id }) => id === at.threadId);
    if (index < 0 || before[index]?.id === at.threadId) return;
    handle.scrollTo(handle.getItemOffset(index) + at.above);
  }, [threads]);
  return { list, scroller, onScroll };
}
