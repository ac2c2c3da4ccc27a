/**
 * A decision being made: collects effects in order and folds each change at once, so that the
 * rest of a batch is decided on what came before it. Thrown away whole when the batch is refused.
 */
import type { JsonObject } from "@spool/protocol/json";
import type { PublishAnswer } from "@spool/protocol/publish";
import type { Event } from "@spool/protocol/resources";
import { timestampOf } from "@spool/protocol/times";
import type { Change } from "../store/changes.ts";
import { encodeEvent } from "../store/event-line.ts";
import { RowFold, type RunRow, type ThreadHead } from "../store/rows.ts";
import type {
  DecideContext,
  Decision,
  Effect,
  ImportedEffect,
  TransientEffect,
} from "./command.ts";
import { isRenewalStored } from "./leases.ts";
import type { ThreadState } from "./state.ts";
import { titleFromMessage } from "./title.ts";

/** An event to be: `runSequence` null for the server's own events and run-less ones. */
export type EventDraft = {
  readonly type: string;
  readonly runId: string | null;
  readonly runSequence: number | null;
  readonly payload: JsonObject;
  readonly occurredAt?: string | null;
  /** Null: the active rollout. */
  readonly rolloutId?: string | null;
};

/** The effects of one command so far, on the thread as it was. */
export class Draft {
  readonly #state: ThreadState;
  readonly #context: DecideContext;
  readonly #fold: RowFold;
  #effects: Effect[] = [];
  #changes: Change[] = [];
  #renews = false;

  constructor(state: ThreadState, context: DecideContext) {
    this.#state = state;
    this.#context = context;
    this.#fold = new RowFold(state.key, state.head);
  }

  get head(): ThreadHead {
    return this.#fold.head;
  }

  /** The run as it stands in this draft; null when the thread never had it. */
  run(runId: string): RunRow | null {
    if (this.#changes.length > 0 || this.#state.head !== null) {
      const { run, lapsed } = this.head;
      if (run?.runId === runId) return run;
      if (lapsed?.runId === runId) return lapsed;
    }
    return this.#fold.endedRun(runId) ?? this.#state.knownRuns.get(runId) ?? null;
  }

  /** Adds a durable change. */
  change(change: Change): void {
    this.#fold.apply(change);
    this.#effects = withOne<Effect>(this.#effects, change);
    this.#changes = withOne(this.#changes, change);
  }

  /** Adds an event behind the last one, and the title its message may give the thread (THR4). */
  append(draft: EventDraft): void {
    const { thread } = this.head;
    // THR7: the clock may jump back, the history does not.
    const createdAt = timestampOf(Math.max(this.#context.now, thread.updatedAt));
    const event: Event = {
      sequence: thread.sequence + 1,
      type: draft.type,
      threadId: thread.threadId,
      rolloutId: draft.rolloutId ?? thread.activeRolloutId,
      runId: draft.runId,
      createdAt,
      payload: draft.payload,
      ...(draft.runSequence === null ? {} : { runSequence: draft.runSequence }),
      ...(draft.occurredAt == null ? {} : { occurredAt: draft.occurredAt }),
    };
    this.change({ kind: "event", ...encodeEvent(event) });
    if (draft.type !== "user_message" || thread.title !== null) return;
    const title = titleFromMessage(draft.payload);
    if (title !== null) this.change({ kind: "thread_renamed", title, titleSource: "message" });
  }

  /** Adds a live-only frame; nothing is stored for it. */
  transient(effect: TransientEffect): void {
    this.#effects = withOne<Effect>(this.#effects, effect);
  }

  /** Tells watchers of what a change of many events did. */
  tell(effect: ImportedEffect): void {
    this.#effects = withOne<Effect>(this.#effects, effect);
  }

  /** The active run's publisher is there: its lease counts from now, as events tell by themselves. */
  renewLease(by: "event" | "sign of life"): void {
    const { run } = this.head;
    if (run === null) return;
    this.#renews = true;
    const { now } = this.#context;
    if (by === "event" || !isRenewalStored(run, now)) return;
    this.change({ kind: "lease_renewed", runId: run.runId, renewedAt: now });
  }

  finish(answer: PublishAnswer | null): Decision {
    return {
      effects: this.#effects,
      changes: this.#changes,
      head: this.head,
      rows: this.#fold.rows(),
      renews: this.#renews,
      answer,
    };
  }
}

/** The list with one more. Most have one only, and pushed to an empty one it takes room for 17. */
function withOne<Item>(list: Item[], item: Item): Item[] {
  if (list.length === 0) return [item];
  list.push(item);
  return list;
}
