/**
 * What the items of one thread share: its sub-agents, what its running calls put out, and the dialog
 * that shows lines as stored. Stands around the conversation, so that each lives as long as the
 * thread is open. Without it items do with what they have.
 */
import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import { useServices } from "../../live/services.ts";
import type { ThreadPlace } from "../../routing/route.ts";
import type { RunningCall } from "../in-flight-text.ts";
import type { ThreadView } from "../thread-state.ts";
import { RawLinesDialog } from "./raw-lines-dialog.tsx";
import { SubAgents, SubAgentsContext } from "./sub-agents.ts";

/** Running calls by id, and those of them that stand in the history already. */
type Running = {
  readonly threadId: string;
  readonly runId: string | null;
  readonly calls: ReadonlyMap<string, RunningCall>;
  readonly told: ReadonlySet<string>;
};

const RunningContext = createContext<Running>({
  threadId: "",
  runId: null,
  calls: new Map(),
  told: new Set(),
});
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
  const told = useMemo(() => {
    const open = items.filter((item) => item.kind === "tool" && item.result === null);
    return new Set(open.map((item) => (item.kind === "tool" ? item.toolCallId : "")));
  }, [items]);
  const running = useMemo(() => {
    const calls = inFlight.filter((writing) => writing.kind === "call");
    return { threadId, runId, calls: new Map(calls.map((call) => [call.id, call])), told };
  }, [threadId, runId, inFlight, told]);
  return (
    <SubAgentsContext value={subAgents}>
      <RawContext value={setRaw}>
        <RunningContext value={running}>{children}</RunningContext>
      </RawContext>
      {raw !== null && (
        <RawLinesDialog threadId={threadId} sequences={raw} onClose={() => setRaw(null)} />
      )}
    </SubAgentsContext>
  );
}

/** What a call puts out while it runs; null when nothing is known. */
export function useRunningCall(toolCallId: string): RunningCall | null {
  return use(RunningContext).calls.get(toolCallId) ?? null;
}

/** Whether a running call stands in the history already, and is shown there. */
export function useIsTold(toolCallId: string): boolean {
  return use(RunningContext).told.has(toolCallId);
}

/** The open thread, and its run that is active; null where none is known. */
export function useActiveRun(): Pick<Running, "threadId" | "runId"> {
  return use(RunningContext);
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
