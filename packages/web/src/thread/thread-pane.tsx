/** The open thread: its head, its conversation, and what stands in for it while there is none. */
import { useEffect, useState } from "react";
import { useServices, useStore } from "../live/services.ts";
import type { ThreadPlace } from "../routing/route.ts";
import { texts } from "../texts.ts";
import { Announcer } from "./announcer.tsx";
import { ConversationView } from "./conversation-view.tsx";
import { ThreadItems } from "./items/thread-items.tsx";
import { MetadataOnly } from "./metadata-only.tsx";
import { ThreadHead } from "./thread-head.tsx";
import { ThreadState } from "./thread-state.ts";
import { useConversationFocus } from "./use-conversation-focus.ts";
import { useThreadTitle } from "./use-thread-title.ts";
import "./thread.css";

/** A thread at its place. Mounted anew for another thread or rollout. */
export function ThreadPane({ place }: { readonly place: ThreadPlace }) {
  const services = useServices();
  const [state, setState] = useState<ThreadState | null>(null);
  const { threadId, rolloutId } = place;
  useEffect(() => {
    const opened = new ThreadState(services, { threadId, rolloutId });
    opened.open();
    setState(opened);
    return () => opened.close();
  }, [services, threadId, rolloutId]);
  if (state === null) return <p className="nothing">{texts.thread.loading}</p>;
  return <OpenThread state={state} place={place} />;
}

function OpenThread({
  state,
  place,
}: {
  readonly state: ThreadState;
  readonly place: ThreadPlace;
}) {
  const view = useStore(state.view);
  useThreadTitle(view.thread);
  useConversationFocus(view.status.kind === "ready");
  switch (view.status.kind) {
    case "loading":
      return <Nothing text={texts.thread.loading} />;
    case "missing":
      return <Nothing text={texts.thread.missing} />;
    case "deleted":
      return <Nothing text={texts.thread.deleted} />;
    case "failed":
      return <Nothing text={view.status.message} />;
    case "ready":
      return (
        <>
          {view.thread !== null && <ThreadHead thread={view.thread} place={place} />}
          {view.thread !== null && !view.isOwn ? (
            <MetadataOnly thread={view.thread} />
          ) : (
            <ThreadItems view={view} place={place}>
              <ConversationView state={state} view={view} place={place} />
            </ThreadItems>
          )}
          <Announcer items={view.items} />
        </>
      );
  }
}

function Nothing({ text }: { readonly text: string }) {
  return (
    <p className="nothing" role="status">
      {text}
    </p>
  );
}
