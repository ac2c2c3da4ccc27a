/**
 * Where commands on threads go in. Decides each on its thread's pending state, makes the changes
 * durable, tells the watchers, answers: in this order, for every command (LOG1, LOG3, LOG4).
 *
 *   command ─▶ decide on pending state ─▶ store.commit ──flushed──▶ bus ─▶ answer
 *                      │                        ├─ refused by storage: pending state is dropped,
 *                 refusal, duplicate            │  everything decided on it answers 503
 *                      └─▶ waits for the last   └─ race lost to another server: pending state is
 *                          commit, then answers    dropped, everything decided on it goes back to
 *                                                  its place in the thread's queue
 *
 * A run whose lease has ended is ended by a commit of its own before whatever finds it so: what is
 * refused because of it waits for that flush too. Commands of one thread are decided one after the
 * other, in the order given, but the next is
 * decided while the one before is on its way to the disk, so that one flush serves many of them.
 * Only what has to be looked up in the store makes the ones behind it wait.
 */
import { DomainError } from "@spool/protocol/errors";
import type { PublishAnswer } from "@spool/protocol/publish";
import type { Principal } from "../auth/principal.ts";
import { type LiveBus, listTopic } from "../live/live-bus.ts";
import { revisionOf, type ThreadHead } from "../store/rows.ts";
import { keptKey, keyText, type ThreadKey } from "../store/thread-key.ts";
import type { CommitOutcome, ThreadStore } from "../store/thread-store.ts";
import { busMessages } from "./bus-messages.ts";
import type { Command, DecideContext, Decision } from "./command.ts";
import { decide } from "./decide.ts";
import { type Clocks, hasLapsed, type Lease, leaseOf } from "./leases.ts";
import { ownerOf } from "./server-principal.ts";
import { evolve, loadedState, needsOf, type ThreadState, withLookedUp } from "./state.ts";
import { TransientMemory } from "./transient-memory.ts";

/** What a command came to: the thread after it, whether anything changed, a publish's counts. */
export type CommandResult = {
  readonly head: ThreadHead;
  readonly changed: boolean;
  readonly answer: PublishAnswer | null;
};

/** Told when a thread's active run is another one than before, or none; must not throw. */
export type RunListener = (key: ThreadKey, head: ThreadHead) => void;

/** Another writer got in between this often in a row: the thread is contended beyond reason. */
const conflictsMax = 20;

/** A command that was given and is not answered. */
type Given = {
  readonly principal: Principal;
  readonly command: Command;
  /** Its place among its thread's commands, which it keeps when it is decided again. */
  readonly place: number;
  conflicts: number;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: unknown) => void;
};

/** A command that was decided: what it does, or why it is refused. */
type Decided = { readonly given: Given } & (
  | { readonly decision: Decision }
  | { readonly refusal: unknown }
);

/** A commit under way and what answers with it, in the order decided. */
type Flush = { readonly outcome: Promise<CommitOutcome>; readonly decided: Decided[] };

/** What is kept of a thread with an active run that was let go from memory. */
type Resting = Pick<Lane, "lease" | "watchedRunId" | "accepted">;

/** One thread in memory: its pending state and the commands that were given on it. */
type Lane = {
  readonly key: ThreadKey;
  /** The owner's thread list, known once something was accepted. */
  listTopic: ThreadKey | null;
  /** Null: not loaded, or dropped after a commit that failed or lost a race. */
  state: ThreadState | null;
  /** The active run's lease as it was known last; a state that is loaded again goes on with it. */
  lease: Lease | null;
  /** The run whose lease is being watched. */
  watchedRunId: string | null;
  /** What transient frames have shown, those behind a commit under way included. */
  seen: TransientMemory;
  /** The part of `seen` that was accepted for good: what a dropped state falls back to. */
  readonly accepted: TransientMemory;
  /** Commits under way, in order. What is decided now answers with the last of them. */
  readonly flushes: Flush[];
  /** Commands that are not decided, by place. */
  readonly queue: Given[];
  isDraining: boolean;
  lastPlace: number;
  /** How many commands are not answered. */
  unanswered: number;
};

/** The commands of all threads of one server. */
export class ThreadCommands {
  readonly #store: ThreadStore;
  readonly #bus: LiveBus;
  readonly #clocks: () => Clocks;
  readonly #onRun: RunListener;
  readonly #newId: DecideContext["newId"];
  readonly #lanes = new Map<string, Lane>();
  readonly #lanesMax: number;
  readonly #resting = new Map<string, Resting>();

  constructor(parts: {
    store: ThreadStore;
    bus: LiveBus;
    clocks: () => Clocks;
    /** By default nobody is told. */
    onRun?: RunListener;
    newId: DecideContext["newId"];
    /** Threads kept ready in memory; idle ones beyond it are let go, oldest first. */
    lanesMax: number;
  }) {
    this.#store = parts.store;
    this.#bus = parts.bus;
    this.#clocks = parts.clocks;
    this.#onRun = parts.onRun ?? (() => {});
    this.#newId = parts.newId;
    this.#lanesMax = parts.lanesMax;
  }

  /** Carries out one command. Rejects with the DomainError that refuses it. */
  execute(key: ThreadKey, principal: Principal, command: Command): Promise<CommandResult> {
    const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
    const lane = this.#laneOf(key);
    lane.unanswered += 1;
    lane.lastPlace += 1;
    const place = lane.lastPlace;
    this.#queue(lane, { principal, command, place, conflicts: 0, resolve, reject });
    if (this.#lanes.size > this.#lanesMax && place === 1) this.#letGo();
    return promise;
  }

  /**
   * When the lease of a run in `head` ends, in milliseconds of the steady clock; null where the
   * thread has no active run. What this process has heard of the run counts, stored or not.
   */
  leaseUntil(key: ThreadKey, head: ThreadHead): number | null {
    return this.#lease(key, head)?.until ?? null;
  }

  /** The same by the wall clock. */
  leaseExpiresAt(key: ThreadKey, head: ThreadHead): number | null {
    return this.#lease(key, head)?.expiresAt ?? null;
  }

  #lease(key: ThreadKey, head: ThreadHead): Lease | null {
    const text = keyText(key);
    const known = this.#lanes.get(text) ?? this.#resting.get(text);
    return leaseOf(head, known?.lease ?? null, this.#clocks());
  }

  /** Puts a command in its place and decides it, at once where nothing has to be looked up. */
  #queue(lane: Lane, given: Given): void {
    let at = lane.queue.length;
    while (at > 0 && (lane.queue[at - 1] as Given).place > given.place) at -= 1;
    if (at === lane.queue.length) lane.queue.push(given);
    else lane.queue.splice(at, 0, given);
    if (lane.isDraining) return;
    this.#decideReady(lane);
    if (lane.queue.length === 0) return;
    lane.isDraining = true;
    void this.#drain(lane);
  }

  /** Decides what waits, in order, up to the first command that needs something looked up. */
  #decideReady(lane: Lane): void {
    for (let next = lane.queue[0]; next !== undefined; next = lane.queue[0]) {
      if (lane.state === null || needsOf(lane.state, next.command) !== null) return;
      lane.queue.shift();
      this.#decide(lane, lane.state, next);
    }
  }

  /** Looks up and decides until nothing waits. What comes back meanwhile goes before later ones. */
  async #drain(lane: Lane): Promise<void> {
    for (let next = lane.queue[0]; next !== undefined; next = lane.queue[0]) {
      try {
        await this.#lookUp(lane, next.command);
      } catch (error) {
        lane.queue.splice(lane.queue.indexOf(next), 1);
        lane.unanswered -= 1;
        next.reject(error);
      }
      this.#decideReady(lane);
    }
    lane.isDraining = false;
  }

  /** Loads what the command needs, after everything accepted before it is flushed or failed. */
  async #lookUp(lane: Lane, command: Command): Promise<void> {
    while (lane.flushes.length > 0) {
      await lane.flushes.at(-1)?.outcome.catch(() => undefined); // its own caller is told
    }
    const needs = lane.state === null ? null : needsOf(lane.state, command);
    if (lane.state !== null && needs === null) return;
    const stored = await this.#store.load(lane.key, needs ?? {});
    if (lane.state !== null && needs !== null) {
      lane.state = withLookedUp(lane.state, needs, stored);
    } else {
      const how = { known: lane.lease, clocks: this.#clocks() };
      lane.state = loadedState(lane.key, stored, how);
      lane.lease = lane.state.lease;
      lane.seen = lane.accepted.copy();
    }
  }

  #decide(lane: Lane, state: ThreadState, given: Given): void {
    const clocks = this.#clocks();
    if (hasLapsed(state.lease, clocks.steadyNow) && given.command.kind !== "expire_run") {
      this.#decideOne(lane, state, this.#endBefore(lane, state, given), clocks);
    }
    this.#decideOne(lane, lane.state ?? state, given, clocks);
  }

  /** The end of a lapsed run, in the place of the command that finds it (RUN13). */
  #endBefore(lane: Lane, { head }: ThreadState, { place }: Given): Given {
    lane.unanswered += 1;
    const nobody = () => {};
    return {
      principal: ownerOf((head as ThreadHead).thread),
      command: { kind: "expire_run" },
      place,
      conflicts: 0,
      resolve: nobody,
      reject: nobody,
    };
  }

  #decideOne(lane: Lane, state: ThreadState, given: Given, clocks: Clocks): void {
    const { principal, command } = given;
    const context = { principal, ...clocks, newId: this.#newId };
    let decided: Decided;
    try {
      const decision = decide(state, command, context, lane.seen);
      lane.seen.remember(decision.effects);
      if (decision.changes.length > 0) this.#commit(lane, state, decision);
      lane.state = evolve(state, decision, context);
      lane.lease = lane.state.lease;
      decided = { given, decision };
    } catch (refusal) {
      decided = { given, refusal };
    }
    const last = lane.flushes.at(-1);
    if (last === undefined) this.#answer(lane, decided);
    else last.decided.push(decided);
  }

  #commit(lane: Lane, state: ThreadState, { changes, rows }: Decision): void {
    const expectedRevision = revisionOf(state.head?.thread);
    const outcome = this.#store.commit({ key: lane.key, expectedRevision, changes, rows });
    const flush: Flush = { outcome, decided: [] };
    lane.flushes.push(flush);
    const settle = (isKept: boolean) => {
      lane.flushes.splice(lane.flushes.indexOf(flush), 1);
      if (!isKept) lane.state = null;
    };
    outcome.then(
      (reached) => {
        settle(reached === "committed");
        for (const decided of flush.decided) {
          if (reached === "committed") this.#answer(lane, decided);
          else this.#decideAgain(lane, decided.given);
        }
      },
      (error) => {
        settle(false);
        for (const { given } of flush.decided) {
          lane.unanswered -= 1;
          given.reject(error);
        }
      },
    );
  }

  /** What it was decided on is durable, or was so already. */
  #answer(lane: Lane, decided: Decided): void {
    lane.unanswered -= 1;
    if ("refusal" in decided) decided.given.reject(decided.refusal);
    else decided.given.resolve(this.#accept(lane, decided.decision));
  }

  /** It was decided on a commit that lost a race. */
  #decideAgain(lane: Lane, given: Given): void {
    given.conflicts += 1;
    if (given.conflicts <= conflictsMax) {
      this.#queue(lane, given);
      return;
    }
    lane.unanswered -= 1;
    given.reject(contended());
  }

  /** What was decided has happened: remembers it for good and tells the watchers. */
  #accept(lane: Lane, decision: Decision): CommandResult {
    const { head, changes, effects, answer } = decision;
    lane.accepted.remember(effects);
    if (effects.length > 0) this.#bus.publish(lane.key, busMessages(decision));
    if (changes.some(({ kind }) => kind !== "lease_renewed")) {
      // The owner's thread list is a topic of its own.
      lane.listTopic ??= keptKey(listTopic(head.thread));
      this.#bus.publish(lane.listTopic, [{ kind: "row", row: head.thread }]);
      const runId = head.run?.runId ?? null;
      if (runId !== lane.watchedRunId) {
        lane.watchedRunId = runId;
        this.#onRun(lane.key, head);
      }
    }
    return { head, changed: changes.length > 0, answer };
  }

  #laneOf(given: ThreadKey): Lane {
    const text = keyText(given);
    const known = this.#lanes.get(text);
    if (known !== undefined) return known;
    const rested = this.#resting.get(text);
    this.#resting.delete(text);
    const accepted = rested?.accepted ?? new TransientMemory();
    const lane: Lane = {
      key: keptKey(given),
      listTopic: null,
      state: null,
      lease: rested?.lease ?? null,
      watchedRunId: rested?.watchedRunId ?? null,
      seen: accepted.copy(),
      accepted,
      flushes: [],
      queue: [],
      isDraining: false,
      lastPlace: 0,
      unanswered: 0,
    };
    this.#lanes.set(text, lane);
    return lane;
  }

  /** Drops the oldest idle lanes; of one with a run stays what only this process knows. */
  #letGo(): void {
    // A tenth more than needed, so that the search is not made for every new lane.
    let surplus = this.#lanes.size - Math.floor(this.#lanesMax * 0.9);
    for (const [text, lane] of this.#lanes) {
      if (surplus <= 0) return;
      if (lane.unanswered > 0) continue;
      if (hasRun(lane)) {
        const { lease, watchedRunId, accepted } = lane;
        this.#resting.set(text, { lease, watchedRunId, accepted });
      }
      this.#lanes.delete(text);
      surplus -= 1;
    }
  }
}

/** Whether the thread has an active run, or, not being loaded, had one when it was last seen. */
function hasRun({ state, lease }: Lane): boolean {
  if (state === null) return lease !== null;
  return state.head !== null && state.head.thread.activeRunId !== null;
}

function contended(): DomainError {
  const message = "The thread is written to from too many places. Wait and send it again.";
  return new DomainError("OVERLOADED", message, { retryAfterSeconds: 1 });
}
