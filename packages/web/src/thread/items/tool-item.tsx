/** A tool call of the history, with its result once there is one (WEB23), and its sub-agent. */
import { useMemo } from "react";
import { shownCall } from "../../content/tool-input.ts";
import { isFailure, type ShownOutput, shownOutput } from "../../content/tool-output.ts";
import type { ThreadPlace } from "../../routing/route.ts";
import { texts } from "../../texts.ts";
import { duration } from "../../ui/times.ts";
import type { ItemOf } from "../conversation.ts";
import { ItemFrame } from "./item-frame.tsx";
import { SubAgentPeek } from "./sub-agent-peek.tsx";
import { useActiveRun, useRunningCall } from "./thread-items.tsx";
import { RunningOutput, ToolInput, ToolOutput } from "./tool-body.tsx";
import { type CallState, ToolCard } from "./tool-card.tsx";

type Props = { readonly item: ItemOf<"tool">; readonly place: ThreadPlace };

/** The call. */
export function ToolItem({ item, place }: Props) {
  const { call, result, toolCallId } = item;
  const name = String(call?.payload.name ?? texts.items.unknownTool);
  const shown = useMemo(() => shownCall(name, call?.payload.input), [name, call]);
  const output = useMemo(() => (result === null ? null : shownOutput(result.payload)), [result]);
  const isRunning = useIsRunning(item);
  const below = isRunning ? <StillRunning toolCallId={toolCallId} /> : undefined;
  return (
    <ItemFrame item={item} place={place} label={texts.items.toolCall(name)}>
      <ToolCard name={name} call={shown} state={stateOf(item, { output, isRunning })} below={below}>
        {call === null && <p className="faint">{texts.items.callNotLoaded}</p>}
        <ToolInput body={shown.body} />
        {output !== null && <ToolOutput output={output} />}
      </ToolCard>
      <SubAgentPeek toolCallId={toolCallId} />
    </ItemFrame>
  );
}

function StillRunning({ toolCallId }: { readonly toolCallId: string }) {
  const running = useRunningCall(toolCallId);
  return running === null ? null : <RunningOutput text={running.output} />;
}

/** Whether its result may still come: until its run has ended. */
function useIsRunning({ runId, result }: ItemOf<"tool">): boolean {
  const active = useActiveRun();
  return result === null && (active.threadId === "" || active.runId === runId);
}

function stateOf(
  { result }: ItemOf<"tool">,
  { output, isRunning }: { readonly output: ShownOutput | null; readonly isRunning: boolean },
): CallState {
  if (isRunning) return { kind: "running", detail: "" };
  if (result === null || output === null) {
    return { kind: "unanswered", detail: texts.items.unanswered };
  }
  const hasFailed = isFailure(result.payload);
  const { exitCode, durationMs } = output;
  const exit = exitCode !== null && exitCode !== 0 ? texts.items.exitCode(exitCode) : "";
  const took = durationMs !== null && durationMs >= 1_000 ? duration(durationMs) : "";
  const detail = [exit, took].filter((word) => word !== "").join(" · ");
  return { kind: hasFailed ? "failed" : "done", detail };
}
