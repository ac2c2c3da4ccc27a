/**
 * A message or a tool call while it is being written (WEB21). It has the elements of the item that
 * takes its place, in the same order, so that nothing moves when the durable event is there.
 */
import { useMemo } from "react";
import { FoldScope } from "../content/fold-memory.ts";
import type { MessagePart } from "../content/message-parts.ts";
import { shownCall } from "../content/tool-input.ts";
import { texts } from "../texts.ts";
import type { RunningCall, Writing, WritingMessage } from "./in-flight-text.ts";
import { writingName } from "./items/item-events.ts";
import { MessageBody, MessageFoot } from "./items/message-item.tsx";
import { useActiveRun, useIsTold } from "./items/thread-items.tsx";
import { RunningOutput, ToolInput } from "./items/tool-body.tsx";
import { type CallState, ToolCard } from "./items/tool-card.tsx";
import "./items/items.css";

/** Looks like the item that will take its place. */
export function WritingView({ writing }: { readonly writing: Writing }) {
  const { threadId, runId } = useActiveRun();
  return (
    <FoldScope value={`${threadId} ${writingName(writing.kind, runId, writing.id)}`}>
      {writing.kind === "message" ? <Message writing={writing} /> : <Call writing={writing} />}
    </FoldScope>
  );
}

function Message({ writing }: { readonly writing: WritingMessage }) {
  const { text, thinking, isCut } = writing;
  const parts: MessagePart[] = [];
  if (thinking !== "") parts.push({ kind: "thinking", text: thinking });
  if (text !== "") parts.push({ kind: "text", text: isCut ? `… ${text}` : text });
  return (
    <article
      className="item"
      data-kind="message"
      data-role="assistant"
      data-writing="true"
      aria-busy="true"
      aria-label={texts.items.assistant}
    >
      <MessageBody parts={parts} isWriting />
      {text !== "" && <MessageFoot words={[texts.items.writing]} />}
    </article>
  );
}

function Call({ writing }: { readonly writing: RunningCall }) {
  const { id, name: told, input, output, status } = writing;
  const isTold = useIsTold(id);
  const name = told ?? texts.items.unknownTool;
  const shown = useMemo(() => shownCall(name, input), [name, input]);
  // Its card stands in the history already, and shows this output.
  if (isTold) return <div hidden />;
  return (
    <article
      className="item"
      data-kind="tool"
      data-writing="true"
      aria-busy="true"
      aria-label={texts.items.toolCall(name)}
    >
      <ToolCard
        name={name}
        call={shown}
        state={stateOf(status)}
        below={<RunningOutput text={output} />}
      >
        <ToolInput body={shown.body} />
      </ToolCard>
    </article>
  );
}

function stateOf(status: string | null): CallState {
  if (status === null || status === "running") return { kind: "running", detail: "" };
  const hasFailed = /^(?:failed|error|cancelled|interrupted)$/.test(status);
  return { kind: hasFailed ? "failed" : "done", detail: "" };
}
