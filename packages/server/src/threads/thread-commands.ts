/**
 * Where commands on threads go in. Decides each on its thread's pending state, makes the changes
 * durable, tells the watchers, answers: in this order, for every command (LOG1, LOG3, LOG4).
 *
 *   command ─▶ decide on pending state ─▶ store.commit ──flushed──▶ bus ─▶ answer
 *                      │                        │
 *                 refusal, duplicate            └─ refused by storage: pending state is dropped,
 *                      └─▶ waits for the last      everything decided on it answers 503
 *                          commit, then answers
 *
 * Commands of one thread are decided one after the other, but the next is decided while the one
 * before is on its way to the disk, so that one flush serves many of them.
 */
import { DomainError } from "@spool/protocol/errors";
import type { PublishAnswer } from "@spool/protocol/publish";
import type { Principal } from "../auth/principal.ts";
import type { LiveBus } from "../live/live-bus.ts";
import { revisionOf, type ThreadHead } from "../store/rows.ts";
import { keyText, type ThreadKey } from "../store/thread-key.ts";
import type { CommitOutcome, ThreadStore } from "../store/thread-store.ts";
import { busMessages } from "./bus-messages.ts";
import type { Command, DecideContext, Decision } from "./command.ts";
import { decide } from "./decide.ts";
import { evolve, loadedState, needsOf, type ThreadState, withLookedUp } from "./state.ts";
import { TransientMemory } from "./transient-memory.ts";

/** What a command came to: the thread after it, whether anything changed, a publish's counts. */
export type CommandResult = {
  readonly head: ThreadHead;
  readonly changed: boolean;
  readonly answer: PublishAnswer | null;
};

/** Another writer got in between this often in a row: the thread is contended beyond reason. */
const conflictsMax = 20;

/** One thread in memory: its pending state and the commands that wait to be decided on it. */
type Lane = {
  readonly key: ThreadKey;
  /** Null: not loaded, or dropped after a commit that failed or lost a race. */
  state: ThreadState | null;
  /** What transient frames have shown, those behind a commit under way included. */
  seen: TransientMemory;
  /** The part of `seen` that was accepted for good: what a dropped state falls back to. */
  readonly accepted: TransientMemory;
  /** Settles with the last commit, and what is decided on nothing later may answer then. */
  lastCommit: Promise<CommitOutcome> | null;
  /** Commands behind one that had to look something up; null when none waits. */
  waiting: Promise<unknown> | null;
  /** Commands that have not been answered. */
  commands: number;
};

/** The commands of all threads of one server. */
export class ThreadCommands {
  readonly #store: ThreadStore;
  readonly #bus: LiveBus;
  readonly #now: () => number;
  readonly #newId: DecideContext["newId"];
  readonly #lanes = new Map<string, Lane>();
  readonly #lanesMax: number;

  constructor(parts: {
    store: ThreadStore;
    bus: LiveBus;
    now: () => number;
    newId: DecideContext["newId"];
    /** Threads kept ready in memory; idle ones beyond it are let go, oldest first. */
    lanesMax: number;
  }) {
    this.#store = parts.store;
    this.#bus = parts.bus;
    this.#now = parts.now;
    this.#newId = parts.newId;
    this.#lanesMax = parts.lanesMax;
  }

  /** Carries out one command. Rejects with the DomainError that refuses it. */
  async execute(key: ThreadKey, principal: Principal, command: Command): Promise<CommandResult> {
    const lane = this.#laneOf(key);
    lane.commands += 1;
    try {
      for (let conflicts = 0; conflicts < conflictsMax; conflicts += 1) {
        const result = await this.#attempt(lane, principal, command);
        if (result !== "conflict") return result;
      }
    } finally {
      lane.commands -= 1;
    }
    throw new DomainError("OVERLOADED", "The thread is written to from too many places. Retry.", {
      retryAfterSeconds: 1,
    });
  }

  #attempt(lane: Lane, principal: Principal, command: Command) {
    const ready = lane.waiting === null && lane.state !== null;
    if (ready && needsOf(lane.state as ThreadState, command) === null) {
      return this.#decideNow(lane, lane.state as ThreadState, principal, command);
    }
    // The command before may still wait, or fail: this one is decided after it either way.
    const decided = (lane.waiting ?? Promise.resolve()).then(async () => {
      const state = await this.#lookUp(lane, command);
      return { outcome: this.#decideNow(lane, state, principal, command) };
    });
    const settled = decided.then(
      () => undefined,
      () => undefined, // reported to its own caller below; here only the order matters
    );
    lane.waiting = settled;
    void settled.then(() => {
      if (lane.waiting === settled) lane.waiting = null;
    });
    return decided.then(({ outcome }) => outcome);
  }

  /** Loads what the command needs, after everything accepted before it is flushed or failed. */
  async #lookUp(lane: Lane, command: Command): Promise<ThreadState> {
    let state = lane.state;
    if (state === null) {
      await settledCommit(lane);
      state = loadedState(lane.key, await this.#store.load(lane.key));
      lane.state = state;
    }
    const needs = needsOf(state, command);
    if (needs === null) return state;
    await settledCommit(lane);
    const stored = await this.#store.load(lane.key, needs);
    if (lane.state === null) return this.#lookUp(lane, command);
    lane.state = withLookedUp(lane.state, needs, stored);
    return lane.state;
  }

  async #decideNow(
    lane: Lane,
    state: ThreadState,
    principal: Principal,
    command: Command,
  ): Promise<CommandResult | "conflict"> {
    const context = { principal, now: this.#now(), newId: this.#newId };
    let decision: Decision;
    try {
      decision = decide(state, command, context, lane.seen);
    } catch (refusal) {
      const outcome = await lane.lastCommit;
      if (outcome === "conflict") return "conflict";
      throw refusal;
    }
    lane.seen.remember(decision.effects);
    const flushed = decision.changes.length > 0 ? this.#commit(lane, state, decision) : null;
    const outcome = await (flushed ?? lane.lastCommit);
    if (outcome === "conflict") return "conflict";
    lane.accepted.remember(decision.effects);
    if (decision.effects.length > 0) {
      this.#bus.publish(lane.key, busMessages(decision, lane.key.threadId));
    }
    const { head, changes, answer } = decision;
    return { head, changed: changes.length > 0, answer };
  }

  #commit(lane: Lane, state: ThreadState, decision: Decision): Promise<CommitOutcome> {
    const { changes, rows, head } = decision;
    const expectedRevision = revisionOf(state.head?.thread);
    const pending = evolve(state, head, rows);
    lane.state = pending;
    const stored = this.#store.commit({ key: lane.key, expectedRevision, changes, rows });
    const flushed = lane.lastCommit === null ? stored : inOrder(lane.lastCommit, stored);
    lane.lastCommit = flushed;
    flushed.then(
      (outcome) => {
        if (lane.lastCommit === flushed) lane.lastCommit = null;
        if (outcome === "conflict") dropPending(lane);
      },
      () => {
        // The caller awaits the same promise and reports it; here the pending state goes.
        if (lane.lastCommit === flushed) lane.lastCommit = null;
        dropPending(lane);
      },
    );
    return flushed;
  }

  #laneOf(key: ThreadKey): Lane {
    const text = keyText(key);
    const known = this.#lanes.get(text);
    if (known !== undefined) return known;
    const lane: Lane = {
      key,
      state: null,
      seen: new TransientMemory(),
      accepted: new TransientMemory(),
      lastCommit: null,
      waiting: null,
      commands: 0,
    };
    this.#lanes.set(text, lane);
    if (this.#lanes.size > this.#lanesMax) this.#letGo();
    return lane;
  }

  /** Drops the oldest idle lanes; a run's transient memory keeps its lane. */
  #letGo(): void {
    // A tenth more than needed, so that the search is not made for every new lane.
    let surplus = this.#lanes.size - Math.floor(this.#lanesMax * 0.9);
    for (const [text, lane] of this.#lanes) {
      if (surplus <= 0) return;
      if (lane.commands > 0 || hasRun(lane)) continue;
      this.#lanes.delete(text);
      surplus -= 1;
    }
  }
}

/** Waits for the commits under way, whatever they come to. */
async function settledCommit(lane: Lane): Promise<void> {
  while (lane.lastCommit !== null) {
    await lane.lastCommit.catch(() => undefined); // its own caller is told
  }
}

/**
 * The outcome of a commit behind others that are under way: it fails where one before it failed,
 * and settles last even where storage refuses it at once.
 */
async function inOrder(
  earlier: Promise<CommitOutcome>,
  later: Promise<CommitOutcome>,
): Promise<CommitOutcome> {
  const [before, own] = await Promise.allSettled([earlier, later]);
  if (before.status === "rejected") throw before.reason;
  if (own.status === "rejected") throw own.reason;
  return own.value;
}

/** Forgets what was decided but is not durable: the next command decides on the stored state. */
function dropPending(lane: Lane): void {
  lane.state = null;
  lane.seen = lane.accepted.copy();
}

/** Whether the thread has an active run, or, not being loaded, had one when it was last seen. */
function hasRun({ state, accepted }: Lane): boolean {
  if (state === null) return accepted.runId !== null;
  return state.head !== null && state.head.thread.activeRunId !== null;
}
