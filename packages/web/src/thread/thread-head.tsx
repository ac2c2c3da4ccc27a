/** The open thread's title and state, and the way back to the list on a narrow screen. */
import type { Thread } from "@spool/protocol/resources";
import { ArrowLeft } from "lucide-react";
import { ThreadActions } from "../actions/thread-actions.tsx";
import { useIsOwn } from "../actions/use-actions.ts";
import { useServices } from "../live/services.ts";
import type { ThreadPlace } from "../routing/route.ts";
import { texts } from "../texts.ts";
import { RolloutsMenu } from "./rollouts-menu.tsx";

type Props = { readonly thread: Thread; readonly place: ThreadPlace };

/** The head above the conversation. */
export function ThreadHead({ thread, place }: Props) {
  const { address } = useServices();
  const isOwn = useIsOwn(thread);
  return (
    <div className="thread-head">
      <a className="back" {...address.linkTo(null)}>
        <ArrowLeft aria-hidden="true" size={18} />
        <span className="hidden">{texts.list.title}</span>
      </a>
      <h1>
        <bdi>{thread.title ?? texts.list.untitled}</bdi>
      </h1>
      {thread.archived && <span className="head-tag">{texts.actions.isArchived}</span>}
      <span className="status" data-status={thread.status}>
        {thread.status}
      </span>
      {isOwn && <RolloutsMenu thread={thread} place={place} />}
      <ThreadActions thread={thread} />
    </div>
  );
}
