/**
 * The rows, of which only those in view are in the document. Keeps what is in view where it is when
 * threads above change places, holds the order while somebody points at it, moves the focus by keys.
 */
import { type CSSProperties, type ReactNode, useId, useRef, useState } from "react";
import { Virtualizer } from "virtua";
import { useServices, useStore } from "../live/services.ts";
import type { ListFilter } from "../routing/route.ts";
import { texts } from "../texts.ts";
import type { ThreadListState, ThreadListView } from "./thread-list-state.ts";
import { ThreadRow } from "./thread-row.tsx";
import { useHeldOrder } from "./use-held-order.ts";
import { useMinute } from "./use-minute.ts";
import { useReadOn } from "./use-read-on.ts";
import { useRowFocus } from "./use-row-focus.ts";
import { useSteadyScroll } from "./use-steady-scroll.ts";

type Props = { readonly state: ThreadListState; readonly view: ThreadListView };

/** Heights of a row in pixels, as `thread-list.css` makes them. */
const rowHeight = 54;
const ownerHeight = 74;
const snippetHeight = 92;
const bothHeight = 112;

/** The rows of a list that is not empty. */
export function ListRows({ state, view }: Props) {
  const { address } = useServices();
  const { place } = useStore(address.route);
  const { threads, levels, subAgentsOf, unfolded, filter, waiting } = view;
  const now = useMinute();
  const body = useRef<HTMLDivElement>(null);
  const openId = place?.threadId ?? null;
  const { list, onScroll: keepPlace, scroller } = useSteadyScroll(threads);
  const focus = useRowFocus({ state, view, list, openId });
  const readOn = useReadOn({ state, view, list });
  useHeldOrder(state, body);
  const [unfold] = useState(() => state.unfold.bind(state));
  const height = heightOf(filter);
  const waitingId = useId();
  return (
    <div className="list-body" ref={body} aria-busy={view.isLoading}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: keys move among the links inside */}
      <div className="rows" ref={scroller} onKeyDown={focus.onKeyDown} onFocus={focus.onFocus}>
        <Virtualizer
          key={height}
          ref={list}
          data={threads}
          as={Rows}
          item={RowPlace}
          itemSize={height}
          scrollRef={scroller}
          keepMounted={focus.index < 0 ? [] : [focus.index]}
          onScroll={() => {
            keepPlace();
            readOn();
          }}
        >
          {(thread, index) => {
            const subAgents = subAgentsOf(thread.id);
            return (
              <ThreadRow
                key={thread.id}
                thread={thread}
                level={levels.get(thread.id) ?? 1}
                subAgentCount={subAgents?.count ?? 0}
                isSubAgentBusy={subAgents?.isBusy ?? false}
                isUnfolded={unfolded.has(thread.id)}
                isOpen={thread.id === openId}
                isStop={index === Math.max(focus.index, 0)}
                showsOwner={filter.all}
                now={now}
                onUnfold={unfold}
              />
            );
          }}
        </Virtualizer>
        <OlderThreads state={state} view={view} />
      </div>
      {waiting > 0 && (
        <button
          type="button"
          className="waiting"
          aria-describedby={waitingId}
          onClick={() => state.applyWaiting()}
        >
          {texts.list.waiting(waiting)}
          <span id={waitingId} className="hidden">
            {texts.list.applyWaiting}
          </span>
        </button>
      )}
    </div>
  );
}

/** Of most rows of the list; the others are measured. */
function heightOf({ q, all }: ListFilter): number {
  if (q.trim() === "") return all ? ownerHeight : rowHeight;
  return all ? bothHeight : snippetHeight;
}

/** What stands behind the last row. */
function OlderThreads({ state, view }: Props) {
  const { older, threads } = view;
  if (older === "failed") {
    return (
      <p className="list-end" role="alert">
        {texts.list.olderFailed}{" "}
        <button type="button" onClick={() => void state.readOn()}>
          {texts.list.again}
        </button>
      </p>
    );
  }
  const words = older === "none" ? texts.list.everything(threads.length) : texts.list.older;
  return <p className="list-end">{words}</p>;
}

/** The list for screen readers; most of its rows are not in the document. */
function Rows({ children, style, ref }: RowsProps) {
  return (
    // biome-ignore lint/a11y/noRedundantRoles: a list without bullets is none in some browsers
    <ul role="list" ref={ref} style={style} aria-label={texts.list.title}>
      {children}
    </ul>
  );
}

type RowsProps = {
  readonly children: ReactNode;
  readonly style: CSSProperties;
  // biome-ignore lint/suspicious/noExplicitAny: as the virtual list declares it
  readonly ref?: any;
};

function RowPlace({ children, style, index, ref }: RowsProps & { readonly index: number }) {
  return (
    <li ref={ref} style={style} aria-posinset={index + 1} aria-setsize={-1}>
      {children}
    </li>
  );
}
