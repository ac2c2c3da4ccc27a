/** The threads beside the open one: search, filters, and the rows; live. */
import type { Me } from "@spool/protocol/resources";
import { useEffect, useState } from "react";
import { useServices, useStore } from "../live/services.ts";
import type { ListFilter } from "../routing/route.ts";
import { ListHead } from "./list-head.tsx";
import { ListFailure, ListNotice } from "./list-notice.tsx";
import { isSameFilter } from "./list-query.ts";
import { ListRows } from "./list-rows.tsx";
import { ThreadListState } from "./thread-list-state.ts";
import "./thread-list.css";

/** The list. `me` decides whether everybody's threads may be asked for. */
export function ThreadList({ me }: { readonly me: Me }) {
  const services = useServices();
  const { filter: asked } = useStore(services.address.route);
  const isAdmin = me.role === "admin";
  const filter = useSameFilter({ ...asked, all: asked.all && isAdmin });
  const [state, setState] = useState<ThreadListState | null>(null);
  useEffect(() => {
    const { filter: first } = services.address.route.get();
    const opened = new ThreadListState(services, { ...first, all: first.all && isAdmin });
    opened.open();
    setState(opened);
    return () => opened.close();
  }, [services, isAdmin]);
  useEffect(() => state?.narrow(filter), [state, filter]);
  return state === null ? null : <OpenList state={state} filter={filter} isAdmin={isAdmin} />;
}

function OpenList({
  state,
  filter,
  isAdmin,
}: {
  readonly state: ThreadListState;
  readonly filter: ListFilter;
  readonly isAdmin: boolean;
}) {
  const view = useStore(state.view);
  const { threads, isLoading, failure } = view;
  const isEmpty = threads.length === 0;
  return (
    <>
      <ListHead filter={filter} agents={view.agents} isAdmin={isAdmin} view={view} />
      {failure !== null && <ListFailure error={failure} view={view} retry={() => state.retry()} />}
      {isEmpty && failure === null && <ListNotice isLoading={isLoading} filter={view.filter} />}
      {!isEmpty && <ListRows state={state} view={view} />}
    </>
  );
}

/** The same object while it says the same. */
function useSameFilter(filter: ListFilter): ListFilter {
  const [same, setSame] = useState(filter);
  const isSame = isSameFilter(same, filter);
  if (!isSame) setSame(filter);
  return isSame ? same : filter;
}
