/**
 * The focus among the rows: one of them is the stop of the Tab key, keys move it, and it stays with
 * its thread wherever that goes. Where the thread goes away, the row in its place takes over.
 */
import {
  type FocusEvent,
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import type { VirtualizerHandle } from "virtua";
import { rowKeys } from "../actions/row-keys.ts";
import { useActions } from "../actions/use-actions.ts";
import { indexAfterKey } from "./row-focus.ts";
import type { ThreadListState, ThreadListView } from "./thread-list-state.ts";

type Parts = {
  readonly state: ThreadListState;
  readonly view: ThreadListView;
  readonly list: RefObject<VirtualizerHandle | null>;
  readonly openId: string | null;
};

/** What the rows' container is to be given; `index` is that of the stop, below 0 where there is none. */
export type RowFocus = {
  readonly index: number;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocus: (event: FocusEvent) => void;
};

/** For the rows of a list. */
export function useRowFocus({ state, view, list, openId }: Parts): RowFocus {
  const { threads } = view;
  const actions = useActions();
  const [stopId, setStopId] = useState<string | null>(null);
  const wanted = useRef<string | null>(null);
  const index = useStop({ view, stopId, openId, setStopId });

  useEffect(() => {
    // The row may have come into the document only now.
    if (wanted.current === null) return;
    const row = linkOf(wanted.current);
    if (row === null) return;
    wanted.current = null;
    row.focus({ preventScroll: true });
  });

  const focusRow = (to: number) => {
    const thread = threads[to];
    if (thread === undefined) return;
    list.current?.scrollToIndex(to, { align: "nearest" });
    setStopId(thread.id);
    const row = linkOf(thread.id);
    if (row === null) wanted.current = thread.id;
    else row.focus({ preventScroll: true });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const threadId = threadIdOf(event.target);
    const at = threads.findIndex(({ id }) => id === threadId);
    const thread = threads[at];
    if (thread === undefined || event.defaultPrevented) return;
    if (rowKeys(event, thread, actions)) return event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const perPage = pageOf(list.current, at);
    const to = indexAfterKey(event.key, { index: at, count: threads.length, perPage });
    if (to !== null) focusRow(to);
    else if (!foldByKey({ state, view, event, threadId: thread.id })) return;
    event.preventDefault();
  };

  const onFocus = ({ target }: FocusEvent) => {
    const threadId = threadIdOf(target);
    if (threadId !== null) setStopId(threadId);
  };
  return { index, onKeyDown, onFocus };
}

/** The index of the stop: where the focus was last, else the open thread, else the first. */
function useStop({
  view,
  stopId,
  openId,
  setStopId,
}: {
  readonly view: ThreadListView;
  readonly stopId: string | null;
  readonly openId: string | null;
  readonly setStopId: (threadId: string | null) => void;
}): number {
  const { threads } = view;
  const lastIndex = useRef(0);
  const hadFocus = useRef(false);
  const isWhereItWas = threads[lastIndex.current]?.id === stopId;
  const found = isWhereItWas ? lastIndex.current : indexOf(threads, stopId);
  const isGone = stopId !== null && found < 0;
  const heir = Math.min(lastIndex.current, threads.length - 1);
  const index = isGone ? heir : found >= 0 ? found : indexOf(threads, openId);
  useLayoutEffect(() => {
    lastIndex.current = Math.max(index, 0);
    const { activeElement } = document;
    const thread = threads[index];
    if (isGone && thread !== undefined) {
      setStopId(thread.id);
      // A removed row takes the focus with it.
      if (hadFocus.current && activeElement === document.body) {
        linkOf(thread.id)?.focus({ preventScroll: true });
      }
    }
    hadFocus.current = threadIdOf(document.activeElement) !== null;
  });
  useEffect(() => {
    const note = () => {
      hadFocus.current = threadIdOf(document.activeElement) !== null;
    };
    document.addEventListener("focusin", note);
    return () => document.removeEventListener("focusin", note);
  }, []);
  return index;
}

/** Below 0 where there is none. */
function indexOf(threads: readonly { readonly id: string }[], threadId: string | null): number {
  return threadId === null ? -1 : threads.findIndex(({ id }) => id === threadId);
}

/** Right unfolds sub-agents, left folds them. */
function foldByKey({
  state,
  view,
  event,
  threadId,
}: {
  readonly state: ThreadListState;
  readonly view: ThreadListView;
  readonly event: KeyboardEvent;
  readonly threadId: string;
}): boolean {
  if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return false;
  if (view.subAgentsOf(threadId) === undefined) return false;
  state.unfold(threadId, event.key === "ArrowRight");
  return true;
}

/** How many rows of the size of this one are in view. */
function pageOf(list: VirtualizerHandle | null, index: number): number {
  if (list === null) return 1;
  return Math.floor(list.viewportSize / Math.max(1, list.getItemSize(index)));
}

/** The thread whose row's link this is. */
function threadIdOf(target: EventTarget | null): string | null {
  return target instanceof HTMLElement ? (target.dataset.thread ?? null) : null;
}

function linkOf(threadId: string): HTMLElement | null {
  return document.querySelector<HTMLElement>(`.row-link[data-thread="${CSS.escape(threadId)}"]`);
}
