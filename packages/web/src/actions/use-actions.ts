/** How components reach the actions and who they act for. Provided by `actions-provider.tsx`. */
import type { Thread } from "@spool/protocol/resources";
import { createContext, use } from "react";
import { useServices, useStore } from "../live/services.ts";
import { type ActionName, type Actions, pendingKey } from "./actions.ts";

/** Carries the actions to the components. */
export const ActionsContext = createContext<Actions | null>(null);

/** The actions of who is signed in. Throws outside the signed-in page. */
export function useActions(): Actions {
  const actions = use(ActionsContext);
  if (actions === null) throw new Error("no actions: the component is outside ActionsProvider");
  return actions;
}

/** Whether an action on a thread is under way. */
export function usePending(name: ActionName, threadId: string): boolean {
  return useStore(useActions().pending).has(pendingKey(name, threadId));
}

/** Whether the thread belongs to who is signed in: an admin acts on others' too, with less. */
export function useIsOwn(thread: Thread): boolean {
  const { session } = useServices();
  const state = useStore(session.state);
  return (
    state.kind === "signed-in" &&
    state.me.userId === thread.ownerUserId &&
    state.me.orgId === thread.orgId
  );
}
