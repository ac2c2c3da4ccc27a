/** The caller's threads, newest activity first. */
import type { Me } from "@spool/protocol/resources";
import { useEffect, useState } from "react";
import { useServices, useStore } from "../live/services.ts";
import { threadPlace } from "../routing/address.ts";
import { texts } from "../texts.ts";
import { ThreadListState } from "./thread-list-state.ts";
import "./thread-list.css";

/** The list beside the open thread. */
export function ThreadList(_: { readonly me: Me }) {
  const services = useServices();
  const [state, setState] = useState<ThreadListState | null>(null);
  useEffect(() => {
    const opened = new ThreadListState(services);
    opened.open();
    setState(opened);
    return () => opened.close();
  }, [services]);
  return state === null ? null : <Rows state={state} />;
}

function Rows({ state }: { readonly state: ThreadListState }) {
  const { address } = useServices();
  const { threads, isLoading, failure } = useStore(state.view);
  const { place } = useStore(address.route);
  if (failure !== null) return <p role="alert">{failure}</p>;
  if (!isLoading && threads.length === 0) return <p className="faint">{texts.list.empty}</p>;
  return (
    <ul className="rows">
      {threads.map((thread) => (
        <li key={thread.id}>
          <a
            className="row"
            aria-current={place?.threadId === thread.id ? "page" : undefined}
            {...address.linkTo(threadPlace(thread.id))}
          >
            <bdi>{thread.title ?? texts.list.untitled}</bdi>
            <span className="faint">{texts.list.events(thread.eventCount)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
