/** What stands in the list in place of rows: that it is read, that nothing is there, what failed. */
import type { SpoolError } from "@spool/client/spool-error";
import { useServices } from "../live/services.ts";
import { everyThread, type ListFilter } from "../routing/route.ts";
import { texts } from "../texts.ts";
import { isNarrowed } from "./list-query.ts";
import type { ThreadListView } from "./thread-list-state.ts";

/** A list without threads; says what to do next. */
export function ListNotice({
  isLoading,
  filter,
}: {
  readonly isLoading: boolean;
  readonly filter: ListFilter;
}) {
  if (isLoading) return <Placeholders />;
  if (!isNarrowed(filter)) return <p className="list-notice">{texts.list.empty}</p>;
  return (
    <div className="list-notice">
      <p>{filter.q.trim() === "" ? texts.list.noneFits : texts.list.noneFound}</p>
      <ShowEvery />
    </div>
  );
}

/** Why the list cannot be read, or does not follow any more. */
export function ListFailure({
  error,
  view,
  retry,
}: {
  readonly error: SpoolError;
  readonly view: ThreadListView;
  readonly retry: () => void;
}) {
  const what = view.threads.length > 0 ? texts.list.notLive : texts.list.failed;
  return (
    <div className="list-notice" role="alert">
      <p>{what}</p>
      <p className="faint">{error.message}</p>
      {/* What was asked for cannot be: asking the same again would not help. */}
      {error.code === "INVALID_REQUEST" ? (
        <ShowEvery />
      ) : (
        <button type="button" onClick={retry}>
          {texts.list.again}
        </button>
      )}
    </div>
  );
}

function ShowEvery() {
  const { address } = useServices();
  return (
    <button type="button" onClick={() => address.narrow(everyThread)}>
      {texts.list.showEvery}
    </button>
  );
}

/** Rows to come, of the size they will have. */
function Placeholders() {
  return (
    <div className="placeholders" role="status">
      <span className="hidden">{texts.list.loading}</span>
      {[62, 44, 71, 53, 66, 38].map((width) => (
        <div key={width} className="placeholder" aria-hidden="true">
          <span style={{ width: `${width}%` }} />
          <span style={{ width: `${width / 2}%` }} />
        </div>
      ))}
    </div>
  );
}
