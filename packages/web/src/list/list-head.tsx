/**
 * Search and filters of the list. What they say stands in the address, and comes from there, so
 * that a reload, a link and the way back give the same list. Used by `ThreadList`.
 */
import { ListFilter as FilterIcon, Search } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useServices } from "../live/services.ts";
import type { ListFilter } from "../routing/route.ts";
import { texts } from "../texts.ts";
import { isNarrowed } from "./list-query.ts";
import type { ThreadListView } from "./thread-list-state.ts";

type Props = {
  readonly filter: ListFilter;
  readonly agents: readonly string[];
  readonly isAdmin: boolean;
  readonly view: ThreadListView;
};

/** The head above the rows. */
export function ListHead({ filter, agents, isAdmin, view }: Props) {
  const isFiltered = isNarrowed({ ...filter, q: "" });
  const [isOpen, setIsOpen] = useState(isFiltered);
  const filtersId = useId();
  return (
    <div className="list-head">
      <div className="list-tools">
        <SearchField q={filter.q} />
        <button
          type="button"
          className="filter-toggle"
          aria-expanded={isOpen}
          aria-controls={filtersId}
          data-active={isFiltered}
          title={texts.list.filters}
          onClick={() => setIsOpen(!isOpen)}
        >
          <FilterIcon aria-hidden="true" size={17} />
          <span className="hidden">{texts.list.filters}</span>
        </button>
      </div>
      <div id={filtersId} hidden={!isOpen}>
        <Filters filter={filter} agents={agents} isAdmin={isAdmin} />
      </div>
      <span role="status" className="hidden">
        {foundWords(view)}
      </span>
    </div>
  );
}

function foundWords({ filter, isLoading, failure, threads, older }: ThreadListView): string {
  if (filter.q.trim() === "" || isLoading || failure !== null) return "";
  return texts.list.found(threads.length, older !== "none");
}

/** After so many milliseconds without a key the words are searched for. */
const pauseMs = 150;

function SearchField({ q }: { readonly q: string }) {
  const { address } = useServices();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(q);
  const told = useRef(q);
  useSlashFocuses(field);
  useEffect(() => {
    // The address changed by itself, not by what was typed here.
    if (q !== told.current) setTyped(q);
    told.current = q;
  }, [q]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (typed === told.current) return;
      told.current = typed;
      address.narrow({ q: typed });
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [typed, address]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || typed === "") return;
    event.preventDefault();
    setTyped("");
  };
  return (
    <search className="search">
      <Search aria-hidden="true" size={16} />
      <input
        ref={field}
        type="search"
        aria-label={texts.list.search}
        aria-keyshortcuts="/"
        placeholder={texts.list.search}
        autoComplete="off"
        spellCheck={false}
        maxLength={256}
        value={typed}
        onChange={({ target }) => setTyped(target.value)}
        onKeyDown={onKeyDown}
      />
    </search>
  );
}

/** `/` goes to the field from everywhere but where text is written. */
function useSlashFocuses(field: React.RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const onKeyDown = (event: globalThis.KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      const { target } = event;
      const isWriting =
        target instanceof HTMLElement &&
        (target.isContentEditable || target.closest("input, textarea, select, dialog") !== null);
      if (isWriting || event.defaultPrevented) return;
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [field]);
}

const statuses = ["running", "compacting", "idle"] as const;

function Filters({ filter, agents, isAdmin }: Omit<Props, "view">) {
  const { address } = useServices();
  const { status, agent, archived, all } = filter;
  const known = agent === null || agents.includes(agent) ? agents : [agent, ...agents];
  return (
    <div className="filters">
      <label>
        {texts.list.status}
        <select
          value={status ?? ""}
          onChange={({ target }) =>
            address.narrow({ status: statuses.find((name) => name === target.value) ?? null })
          }
        >
          <option value="">{texts.list.any}</option>
          {statuses.map((name) => (
            <option key={name} value={name}>
              {texts.list.statuses[name]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {texts.list.agent}
        <select
          value={agent ?? ""}
          onChange={({ target }) => address.narrow({ agent: target.value || null })}
        >
          <option value="">{texts.list.any}</option>
          {known.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={archived}
          onChange={({ target }) => address.narrow({ archived: target.checked })}
        />
        {texts.list.archived}
      </label>
      {isAdmin && (
        <label className="check">
          <input
            type="checkbox"
            checked={all}
            onChange={({ target }) => address.narrow({ all: target.checked })}
          />
          {texts.list.all}
        </label>
      )}
    </div>
  );
}
