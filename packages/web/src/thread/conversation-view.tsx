/**
 * The conversation, of which only what is in view is in the document. Stays at the end while it is
 * at the end, and otherwise never moves what is being read: older items come in above without a
 * jump, newer ones are announced by a button.
 */
import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { VList, type VListHandle } from "virtua";
import type { ThreadPlace } from "../routing/route.ts";
import { texts } from "../texts.ts";
import type { Item } from "./conversation.ts";
import type { Writing } from "./in-flight-text.ts";
import { ItemView } from "./item-view.tsx";
import type { ThreadState, ThreadView } from "./thread-state.ts";
import { WritingView } from "./writing-view.tsx";

type Props = {
  readonly state: ThreadState;
  readonly view: ThreadView;
  readonly place: ThreadPlace;
};

/** So near to the end counts as at the end, in pixels. */
const endSlack = 8;
/** So near to the beginning older events are read, in pixels. */
const olderWithin = 2_000;

/** The items, then what is being written. */
export function ConversationView({ state, view, place }: Props) {
  const list = useRef<VListHandle>(null);
  const { items, inFlight, older } = view;
  const rows = useMemo(() => [...items, ...inFlight], [items, inFlight]);
  const end = useEnd(list, rows.length, items.at(-1)?.sequence ?? 0);
  const isGrownAbove = useGrowthAbove(items);
  useTarget({ list, state, items, at: place.at, leaveEnd: end.leave });

  const onScroll = (offset: number) => {
    end.follow(offset);
    if (offset < olderWithin && older === "some") void state.loadOlder();
  };
  const newBelow = end.isAway ? countAfter(items, end.seen) : 0;
  return (
    <div className="conversation">
      <VList
        ref={list}
        data={rows}
        shift={isGrownAbove}
        onScroll={onScroll}
        onResize={end.stay}
        onWheel={end.turn}
        tabIndex={0}
        aria-label={texts.thread.conversation}
        className="items"
      >
        {(row) => rowView(row, place)}
      </VList>
      <OlderNote older={older} onRetry={() => void state.loadOlder()} />
      {end.isAway && (
        <button type="button" className="new-below" onClick={end.go}>
          {newBelow > 0 ? texts.thread.newBelow(newBelow) : texts.thread.toEnd}
        </button>
      )}
    </div>
  );
}

function rowView(row: Item | Writing, place: ThreadPlace) {
  if (!("key" in row)) return <WritingView key={`${row.kind} ${row.id}`} writing={row} />;
  return <ItemView key={row.key} item={row} place={place} />;
}

/** Says that older events are on their way, or could not be read. */
function OlderNote({ older, onRetry }: { older: ThreadView["older"]; onRetry: () => void }) {
  if (older === "loading") {
    return (
      <p className="older" role="status">
        {texts.thread.older}
      </p>
    );
  }
  if (older !== "failed") return null;
  return (
    <p className="older" role="alert">
      {texts.thread.olderFailed}
      <button type="button" onClick={onRetry}>
        {texts.thread.tryAgain}
      </button>
    </p>
  );
}

/**
 * Keeps the list at its end until somebody scrolls up. `isAway`: somebody did; `seen` is the last
 * sequence that was in view at the end.
 *
 * Growth moves the end away from the view without anybody having scrolled, so only an offset that
 * becomes smaller counts as leaving.
 */
function useEnd(list: RefObject<VListHandle | null>, count: number, last: number) {
  const isAtEnd = useRef(true);
  const lastOffset = useRef(0);
  /** Somebody turned the wheel up, and the list has not moved yet. */
  const isTurned = useRef(false);
  const [away, setAway] = useState<{ seen: number } | null>(null);

  const go = () => {
    isAtEnd.current = true;
    isTurned.current = false;
    setAway(null);
    list.current?.scrollToIndex(count - 1, { align: "end" });
  };
  const stay = () => {
    if (isAtEnd.current) list.current?.scrollToIndex(count - 1, { align: "end" });
  };
  const leave = () => {
    isAtEnd.current = false;
    setAway((was) => was ?? { seen: last });
  };
  const follow = (offset: number) => {
    const { scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    const isNear = offset >= scrollSize - viewportSize - endSlack;
    if (!isNear) isTurned.current = false;
    if (isNear && !isAtEnd.current && !isTurned.current) go();
    else if (!isNear && offset < lastOffset.current - 1) leave();
    lastOffset.current = offset;
  };
  // The first scroll alone may go unnoticed: the end moves while rows are being measured.
  const turn = ({ deltaY }: { readonly deltaY: number }) => {
    const { scrollSize = 0, viewportSize = 0, scrollOffset = 0 } = list.current ?? {};
    if (deltaY < 0 && isAtEnd.current && scrollSize > viewportSize + endSlack) {
      isTurned.current = true;
      leave();
      // Ends a way to the end that goes on by itself while rows are being measured.
      list.current?.scrollTo(scrollOffset);
    } else if (deltaY > 0 && isTurned.current) {
      isTurned.current = false;
      follow(scrollOffset);
    }
  };
  // At each showing: whatever is there may have grown.
  useLayoutEffect(stay);
  return { isAway: away !== null, seen: away?.seen ?? last, go, stay, leave, turn, follow };
}

/** Whether items came in above since the last time. */
function useGrowthAbove(items: readonly Item[]): boolean {
  const first = items[0]?.sequence ?? 0;
  const before = useRef(first);
  const isGrown = first < before.current;
  useLayoutEffect(() => {
    before.current = first;
  });
  return isGrown;
}

type Target = {
  readonly list: RefObject<VListHandle | null>;
  readonly state: ThreadState;
  readonly items: readonly Item[];
  /** The event to show, or null for the end. */
  readonly at: number | null;
  readonly leaveEnd: () => void;
};

/** Brings the event of the address into view, once, reading back to it first. */
function useTarget({ list, state, items, at, leaveEnd }: Target): void {
  const shown = useRef<number | null>(null);
  useEffect(() => {
    if (at !== null) void state.loadFrom(at);
  }, [state, at]);
  useLayoutEffect(() => {
    if (at === null || shown.current === at || (items[0]?.sequence ?? 0) > at) return;
    shown.current = at;
    leaveEnd();
    list.current?.scrollToIndex(lastUpTo(items, at), { align: "center" });
  });
}

/** The index of the last item that begins at or before `sequence`. */
function lastUpTo(items: readonly Item[], sequence: number): number {
  return Math.max(
    0,
    items.findLastIndex((item) => item.sequence <= sequence),
  );
}

function countAfter(items: readonly Item[], sequence: number): number {
  return items.length - 1 - items.findLastIndex((item) => item.sequence <= sequence);
}
