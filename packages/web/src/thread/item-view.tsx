/** One item of the conversation, by its kind. */
import { memo } from "react";
import type { ThreadPlace } from "../routing/route.ts";
import type { Item } from "./conversation.ts";
import { CompactionItem } from "./items/compaction-item.tsx";
import { CustomItem } from "./items/custom-item.tsx";
import { MessageItem } from "./items/message-item.tsx";
import { RunEndItem, RunStartItem } from "./items/run-items.tsx";
import { ToolItem } from "./items/tool-item.tsx";
import "./items/items.css";

type Props = { readonly item: Item; readonly place: ThreadPlace };

/** Shown anew only when the item changed, or what it shares with others (`ThreadItems`). */
export const ItemView = memo(function ItemView({ item, place }: Props) {
  switch (item.kind) {
    case "message":
      return <MessageItem item={item} place={place} />;
    case "tool":
      return <ToolItem item={item} place={place} />;
    case "run-start":
      return <RunStartItem item={item} place={place} />;
    case "run-end":
      return <RunEndItem item={item} place={place} />;
    case "compaction":
      return <CompactionItem item={item} place={place} />;
    case "custom":
      return <CustomItem item={item} place={place} />;
  }
});
