/**
 * A thread's events as the items a person reads: messages, tool calls with their results, where
 * runs begin and end, compactions. Pure. Guarantees that every event stands in exactly one item, in
 * order, and that an item which did not change is the same object, so that nothing is shown anew.
 *
 *   events    run_started  user  assistant  tool_call a  tool_call b  tool_result a  run_completed
 *   items     run-start    ──────────────── tool a(+result)  tool b                  run-end
 */
import type { Event } from "@spool/protocol/resources";

type Common = {
  /** Stable while the thread is open. */
  readonly key: string;
  /** Of the item's first event. */
  readonly sequence: number;
  readonly runId: string | null;
};

/** What stands in the conversation, one below the other. */
export type Item =
  | (Common & {
      readonly kind: "message";
      readonly role: "user" | "assistant";
      readonly event: Event;
    })
  | (Common & {
      readonly kind: "tool";
      readonly toolCallId: string;
      /** Null where the call is in a part of the history that is not loaded. */
      readonly call: Event | null;
      /** Null until there is one. */
      readonly result: Event | null;
    })
  | (Common & { readonly kind: "run-start"; readonly event: Event })
  | (Common & {
      readonly kind: "run-end";
      readonly event: Event;
      /** When the run began; null where that is not loaded. */
      readonly startedAt: string | null;
    })
  | (Common & {
      readonly kind: "compaction";
      readonly started: Event | null;
      /** Null while it is under way. */
      readonly completed: Event | null;
    })
  | (Common & { readonly kind: "custom"; readonly event: Event });

/** One kind of item. */
export type ItemOf<K extends Item["kind"]> = Extract<Item, { kind: K }>;

/** A conversation that grows at its end. `items` is a new list after each `append`. */
export class Conversation {
  #items: Item[] = [];
  /** Where the tool call, run or compaction that something may belong to stands in `#items`. */
  readonly #places = new Map<string, number>();

  constructor(events: readonly Event[] = []) {
    this.append(events);
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  /** Takes in events that follow those it has. */
  append(events: readonly Event[]): void {
    if (events.length === 0) return;
    this.#items = [...this.#items];
    for (const event of events) this.#take(event);
  }

  #take(event: Event): void {
    const { sequence, runId } = event;
    const common = { key: String(sequence), sequence, runId };
    switch (event.type) {
      case "run_started":
        this.#places.set(`run ${runId}`, this.#items.length);
        this.#items.push({ ...common, kind: "run-start", event });
        return;
      case "run_completed":
        this.#items.push({ ...common, kind: "run-end", event, startedAt: this.#startOf(runId) });
        return;
      case "user_message":
        this.#items.push({ ...common, kind: "message", role: "user", event });
        return;
      case "assistant_message":
        this.#items.push({ ...common, kind: "message", role: "assistant", event });
        return;
      case "tool_call":
        this.#places.set(callName(event), this.#items.length);
        this.#items.push({ ...common, kind: "tool", ...called(event), call: event, result: null });
        return;
      case "tool_result":
        this.#takeResult(event, common);
        return;
      case "compaction_started":
        this.#places.set("compaction", this.#items.length);
        this.#items.push({ ...common, kind: "compaction", started: event, completed: null });
        return;
      case "compaction_completed":
        this.#takeCompaction(event, common);
        return;
      default:
        this.#items.push({ ...common, kind: "custom", event });
    }
  }

  #startOf(runId: string | null): string | null {
    const start = this.#items[this.#places.get(`run ${runId}`) ?? -1];
    return start?.kind === "run-start" ? start.event.createdAt : null;
  }

  /** The first result of a call joins it; a further one stands by itself. */
  #takeResult(event: Event, common: Common): void {
    const place = this.#places.get(callName(event));
    const item = place === undefined ? undefined : this.#items[place];
    if (place !== undefined && item?.kind === "tool" && item.result === null) {
      this.#items[place] = { ...item, result: event };
    } else {
      this.#items.push({ ...common, kind: "tool", ...called(event), call: null, result: event });
    }
  }

  #takeCompaction(event: Event, common: Common): void {
    const place = this.#places.get("compaction");
    const item = place === undefined ? undefined : this.#items[place];
    this.#places.delete("compaction");
    if (place !== undefined && item?.kind === "compaction") {
      this.#items[place] = { ...item, completed: event };
    } else {
      this.#items.push({ ...common, kind: "compaction", started: null, completed: event });
    }
  }
}

function called(event: Event): { toolCallId: string } {
  return { toolCallId: String(event.payload.toolCallId) };
}

/** Ids of calls are unique in a run only. */
function callName(event: Event): string {
  return `call ${event.runId} ${event.payload.toolCallId}`;
}
