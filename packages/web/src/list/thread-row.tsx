/**
 * One thread of the list: its title, what goes on in it, and what can be done with it. The whole
 * row is the link's; buttons and other links lie above it. Titles and ids hold anything.
 */
import { ChevronRight, CornerLeftUp } from "lucide-react";
import { memo } from "react";
import { RowActions } from "../actions/row-actions.tsx";
import { useServices } from "../live/services.ts";
import { threadPlace } from "../routing/address.ts";
import { texts } from "../texts.ts";
import { fullTime, shortTime } from "../ui/times.ts";
import type { ListedThread } from "./listed-thread.ts";
import { metadataWords } from "./metadata-words.ts";
import { SnippetText } from "./snippet-text.tsx";

type Props = {
  readonly thread: ListedThread;
  /** 1, or more where it stands below the thread it works for. */
  readonly level: number;
  readonly subAgentCount: number;
  readonly isSubAgentBusy: boolean;
  readonly isUnfolded: boolean;
  /** Whether it is the open thread. */
  readonly isOpen: boolean;
  /** Whether the Tab key stops here. */
  readonly isStop: boolean;
  /** Owner and metadata are shown, as an admin who lists everybody's threads sees them. */
  readonly showsOwner: boolean;
  /** In milliseconds; whole minutes. */
  readonly now: number;
  readonly onUnfold: (threadId: string, isUnfolded: boolean) => void;
};

/** Shown anew only when something of it changed. */
export const ThreadRow = memo(function ThreadRow(props: Props) {
  const { thread, level, isOpen, isStop, showsOwner, now } = props;
  const { address } = useServices();
  const { snippet } = thread;
  const place = { ...threadPlace(thread.id), at: snippet?.sequence ?? null };
  return (
    <div
      className="row"
      data-stop={isStop}
      data-open={isOpen}
      data-level={Math.min(level, 6)}
      data-holds={`${showsOwner ? "owner" : ""} ${snippet ? "snippet" : ""}`.trim()}
    >
      <a
        className="row-link"
        tabIndex={isStop ? 0 : -1}
        data-thread={thread.id}
        aria-current={isOpen ? "page" : undefined}
        {...address.linkTo(place)}
      >
        <Mark status={thread.status} />
        <bdi className={thread.title === null ? "untitled" : undefined}>
          {thread.title ?? texts.list.untitled}
        </bdi>
      </a>
      <time className="row-time" dateTime={thread.updatedAt} title={fullTime(thread.updatedAt)}>
        {shortTime(thread.updatedAt, now)}
      </time>
      <div className="row-facts">
        <Facts {...props} />
      </div>
      {showsOwner && (
        <p className="row-owner">
          <bdi title={texts.list.owner(thread.ownerUserId)}>{thread.ownerUserId}</bdi>
          <bdi className="row-metadata">{metadataWords(thread.metadata)}</bdi>
        </p>
      )}
      {snippet && (
        <p className="row-snippet">
          <SnippetText snippet={snippet} />
        </p>
      )}
      <div className="row-actions">
        <RowActions thread={thread} tabIndex={isStop ? 0 : -1} />
      </div>
    </div>
  );
});

function Facts(props: Props) {
  const { thread, level, subAgentCount, isSubAgentBusy, isUnfolded, isStop, onUnfold } = props;
  const { address } = useServices();
  const { agentId, parentThreadId } = thread;
  const tabIndex = isStop ? 0 : -1;
  return (
    <>
      {level === 1 && parentThreadId !== null && (
        <a
          className="row-parent"
          tabIndex={tabIndex}
          title={texts.list.parent}
          {...address.linkTo(threadPlace(parentThreadId))}
        >
          <CornerLeftUp aria-hidden="true" size={13} />
          <span className="hidden">{texts.list.parent}</span>
        </a>
      )}
      {agentId !== null && <bdi className="row-agent">{agentId}</bdi>}
      <span className="row-count">{texts.list.events(thread.eventCount)}</span>
      {thread.archived && <span className="row-tag">{texts.list.isArchived}</span>}
      {subAgentCount > 0 && (
        <button
          type="button"
          className="row-fold"
          tabIndex={tabIndex}
          aria-expanded={isUnfolded}
          onClick={() => onUnfold(thread.id, !isUnfolded)}
        >
          <ChevronRight aria-hidden="true" size={13} />
          {texts.list.subAgents(subAgentCount)}
          {isSubAgentBusy && <span className="mark" data-status="running" />}
          {isSubAgentBusy && <span className="hidden">{texts.list.busySubAgents}</span>}
        </button>
      )}
    </>
  );
}

/** What goes on, for the eye and for the ear. */
function Mark({ status }: { readonly status: ListedThread["status"] }) {
  if (status === "idle") return null;
  return (
    <>
      <span className="mark" data-status={status} title={texts.list.statuses[status]} />
      <span className="hidden">{`${texts.list.statuses[status]}: `}</span>
    </>
  );
}
