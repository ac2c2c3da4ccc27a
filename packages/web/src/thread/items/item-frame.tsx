/** What every item has: its place in the page, a link to itself, and its lines as stored. */
import { Braces } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { FoldScope } from "../../content/fold-memory.ts";
import { useServices } from "../../live/services.ts";
import type { ThreadPlace } from "../../routing/route.ts";
import { texts } from "../../texts.ts";
import { clockTime, fullTime } from "../../ui/times.ts";
import type { Item } from "../conversation.ts";
import { eventsOf, foldNameOf, momentOf } from "./item-events.ts";
import { useRawLines } from "./thread-items.tsx";

type Props = {
  readonly item: Item;
  readonly place: ThreadPlace;
  /** What a screen reader calls it. */
  readonly label: string;
  readonly role?: "user" | "assistant";
  readonly children: ReactNode;
};

/** The item's element; the one the address names is marked. */
export function ItemFrame({ item, place, label, role, children }: Props) {
  const events = useMemo(() => eventsOf(item), [item]);
  const isNamed = place.at !== null && events.some(({ sequence }) => sequence === place.at);
  return (
    <article
      className="item"
      data-kind={item.kind}
      data-role={role}
      id={`event-${item.sequence}`}
      aria-label={label}
      aria-current={isNamed ? "location" : undefined}
    >
      <FoldScope value={`${place.threadId} ${foldNameOf(item)}`}>{children}</FoldScope>
      <ItemLinks item={item} place={place} />
    </article>
  );
}

/** Its time, which is a link to it, and the button for its lines; seen when it is pointed at. */
function ItemLinks({ item, place }: { readonly item: Item; readonly place: ThreadPlace }) {
  const { address } = useServices();
  const showRaw = useRawLines();
  const [first, ...others] = eventsOf(item);
  if (first === undefined) return null;
  const { sequence } = first;
  const moment = momentOf(first);
  const sequences = [sequence, ...others.map((event) => event.sequence)];
  return (
    <div className="item-links">
      <a
        {...address.linkTo({ ...place, at: sequence })}
        title={`${fullTime(moment)} · #${sequence}`}
      >
        <span className="hidden">{texts.items.linkTo(sequence)}, </span>
        <time dateTime={moment}>{clockTime(moment)}</time>
      </a>
      {showRaw !== null && (
        <button
          type="button"
          className="quiet"
          title={texts.items.rawOf(sequence)}
          onClick={() => showRaw(sequences)}
        >
          <Braces aria-hidden="true" size={13} />
          <span className="hidden">{texts.items.rawOf(sequence)}</span>
        </button>
      )}
    </div>
  );
}
