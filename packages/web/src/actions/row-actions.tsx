/** What can be done with a thread of the list, as a small menu in its row. */
import type { Thread } from "@spool/protocol/resources";
import { Ellipsis } from "lucide-react";
import { texts } from "../texts.ts";
import { Menu } from "../ui/menu.tsx";
import { titleOf } from "./actions.ts";
import { ThreadMenuItems } from "./thread-menu-items.tsx";

type Props = {
  readonly thread: Thread;
  /** Below 0 where another row is the stop of the Tab key. */
  readonly tabIndex?: number;
};

/** The row's menu; the same is on the keys of `rowKeys`. */
export function RowActions({ thread, tabIndex }: Props) {
  return (
    <Menu
      label={texts.actions.menuOf(titleOf(thread))}
      button={<Ellipsis aria-hidden="true" size={16} />}
      tabIndex={tabIndex}
    >
      <ThreadMenuItems thread={thread} isWhole={false} />
    </Menu>
  );
}
