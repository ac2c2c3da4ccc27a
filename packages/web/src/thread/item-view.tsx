/** One item of the conversation, by its kind. */
import { memo } from "react";
import type { ThreadPlace } from "../routing/route.ts";
import type { Item } from "./conversation.ts";

type Props = { readonly item: Item; readonly place: ThreadPlace };

/** Shown anew only when the item changed. */
export const ItemView = memo(function ItemView({ item }: Props) {
  return (
    <article className="item" data-kind={item.kind} id={`event-${item.sequence}`}>
      <pre>{JSON.stringify(item, null, 1).slice(0, 600)}</pre>
    </article>
  );
});
