/**
 * The conversation, of which only what is in view is in the document. Stays at the end while it is
 * at the end, and otherwise never moves what is being read: older items come in above without a
 * jump, newer ones are announced by a button.
 */
import { useLayoutEffect, useRef, useState } from "react";
import { VList, type VListHandle } from "virtua";
import type { ThreadPlace } from "../routing/route.ts";
import { texts } from "../texts.ts";
import type { Item } from "./conversation.ts";
import { ItemView } from "./item-view.tsx";
import type { ThreadView } from "./thread-state.ts";
import { WritingView } from "./writing-view.tsx";

type Props = {
  readonly view: ThreadView;
  readonly place: ThreadPlace;
  readonly onNeedOlder: () => void;
};

/** So near to the end counts as at the end, in pixels. */
const endSlack = 24;
/** So near to the beginning older events are read, in pixels. */
const olderWithin = 1_500;

/** The items, then what is being written. */
export function ConversationView({ view, place, onNeedOlder }: Props) {
  const list = useRef<VListHandle>(null);
  const isAtEnd = useRef(true);
  const [seen, setSeen] = useState(0);
  const { items, inFlight, older } = view;
  const last = items.at(-1)?.sequence ?? 0;
  const isGrownAbove = useGrowthAbove(items);

  useLayoutEffect(() => {
    if (isAtEnd.current) list.current?.scrollTo(Number.MAX_SAFE_INTEGER);
  });

  const onScroll = (offset: number) => {
    const { scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    isAtEnd.current = offset >= scrollSize - viewportSize - endSlack;
    if (isAtEnd.current) setSeen(last);
    if (offset < olderWithin && older === "some") onNeedOlder();
  };

  const newBelow = isAtEnd.current ? 0 : items.filter((item) => item.sequence > seen).length;
  return (
    <div className="conversation">
      <VList ref={list} shift={isGrownAbove} onScroll={onScroll} tabIndex={0} className="items">
        {items.map((item) => (
          <ItemView key={item.key} item={item} place={place} />
        ))}
        {inFlight.map((writing) => (
          <WritingView key={`${writing.kind} ${writing.id}`} writing={writing} />
        ))}
      </VList>
      {newBelow > 0 && (
        <button
          type="button"
          className="new-below"
          onClick={() => list.current?.scrollTo(Number.MAX_SAFE_INTEGER)}
        >
          {texts.thread.newBelow(newBelow)}
        </button>
      )}
    </div>
  );
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
