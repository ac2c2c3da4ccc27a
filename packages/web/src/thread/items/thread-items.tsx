/**
 * What the items of one thread share: its sub-agents, what its running calls put out, and the dialog
 * that shows lines as stored. Stands around the conversation, so that each lives as long as the
 * thread is open. Without it items do with what they have.
 */
import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import { useServices } from "../../live/services.ts";
import type { ThreadPlace } from "../../routing/route.ts";
import type { Item } from "../conversation.ts";
import type { RunningCall } from "../in-flight-text.ts";
import type { ThreadView } from "../thread-state.ts";
import { RawLinesDialog } from "./raw-lines-dialog.tsx";
import { SubAgents, SubAgentsContext } from "./sub-agents.ts";

/** The open thread, and its run that is active; an empty id where nothing is known. */
type ActiveRun = { readonly threadId: string; readonly runId: string | null };

/** In contexts of their own: the first seldom changes, the last with every frame of the screen. */
const ActiveRunContext = createContext<ActiveRun>({ threadId: "", runId: null });
const ToldContext = createContext<ReadonlySet<string>>(new Set());
const RunningContext = createContext<ReadonlyMap<string, RunningCall>>(new Map());
const RawContext = createContext<((sequences: readonly number[]) => void) | null>(null);

type Props = {
  readonly view: Pick<ThreadView, "items" | "inFlight" | "thread">;
  readonly place: ThreadPlace;
  readonly children: ReactNode;
};

/** Gives them to the items inside. */
export function ThreadItems({ view, place, children }: Props) {
  const { items, inFlight } = view;
  const { threadId } = place;
  const runId = view.thread?.activeRunId ?? null;
  const [raw, setRaw] = useState<readonly number[] | null>(null);
  const subAgents = useSubAgentsOf(threadId);
  const activeRun = useMemo(() => ({ threadId, runId }), [threadId, runId]);
  const told = useMemo(() => openCalls(items, runId), [items, runId]);
  const running = useMemo(() => {
    const calls = inFlight.filter((writing) => writing.kind === "call");
    return new Map(calls.map((call) => [call.id, call]));
  }, [inFlight]);
  return (
    <SubAgentsContext value={subAgents}>
      <RawContext value={setRaw}>
        <ActiveRunContext value={activeRun}>
          <ToldContext value={told}>
            <RunningContext value={running}>{children}</RunningContext>
          </ToldContext>
        </ActiveRunContext>
      </RawContext>
      {raw !== null && (
        <RawLinesDialog threadId={threadId} sequences={raw} onClose={() => setRaw(null)} />
      )}
    </SubAgentsContext>
  );
}

/** The run's calls that stand in the history and have no result yet. */
function openCalls(items: readonly Item[], runId: string | null): ReadonlySet<string> {
  const ids = items.map((item) => {
    return item.kind === "tool" && item.runId === runId && item.result === null
      ? item.toolCallId
      : null;
  });
  return new Set(ids.filter((id) => id !== null));
}

/** What a call puts out while it runs; null when nothing is known. */
export function useRunningCall(toolCallId: string): RunningCall | null {
  return use(RunningContext).get(toolCallId) ?? null;
}

/** Whether a running call stands in the history already, and is shown there. */
export function useIsTold(toolCallId: string): boolean {
  return use(ToldContext).has(toolCallId);
}

/** The open thread and its active run. */
export function useActiveRun(): ActiveRun {
  return use(ActiveRunContext);
}

/** Shows the lines of these events as stored; null where nothing can. */
export function useRawLines(): ((sequences: readonly number[]) => void) | null {
  return use(RawContext);
}

function useSubAgentsOf(threadId: string): SubAgents | null {
  const services = useServices();
  const [subAgents, setSubAgents] = useState<SubAgents | null>(null);
  useEffect(() => {
    const opened = new SubAgents(services.live, threadId);
    opened.open();
    setSubAgents(opened);
    return () => opened.close();
  }, [services, threadId]);
  return subAgents;
}
