/**
 * Test helper: what a command does to a thread, written as `given(…).when(…).gives(…)` or
 * `.refuses(…)`. Decides on one thread in memory, without a store: what the store would look up is
 * kept here. Each decision is also checked against the fold of its own changes (LOG6).
 */
import assert from "node:assert/strict";
import { DomainError, type ErrorCode } from "@spool/protocol/errors";
import { runlessMessageIdsMax } from "@spool/protocol/limits";
import type { PublishAnswer } from "@spool/protocol/publish";
import { parsePublish } from "@spool/protocol/publish-parser";
import type { CreateThread, UpdateThread } from "@spool/protocol/requests";
import type { Event } from "@spool/protocol/resources";
import type { Principal } from "../auth/principal.ts";
import type { Change } from "../store/changes.ts";
import { foldChanges, type RunRow } from "../store/rows.ts";
import type { StoredThread } from "../store/thread-store.ts";
import type { Command, Decision, Effect } from "./command.ts";
import { decide } from "./decide.ts";
import type { Clocks } from "./leases.ts";
import { evolve, loadedState, needsOf, type ThreadState, withLookedUp } from "./state.ts";
import { TransientMemory } from "./transient-memory.ts";

/** The one thread of a specification. */
export const key = { orgId: "acme", threadId: "thr_1" } as const;

/** Milliseconds since the epoch at which the first step happens; each next one is 1 s later. */
export const startTime = Date.UTC(2026, 0, 1);

/** Who gives commands: the owner, another member, an admin, and one of another org. */
export const alice = principal("acme", "alice", "member");
export const bob = principal("acme", "bob", "member");
export const admin = principal("acme", "root", "admin");
export const outsider = principal("other", "alice", "admin");

/** A command with who gives it (the owner) and when (1 s after the one before). */
export type Step = {
  readonly command: Command;
  readonly by: Principal;
  readonly at: number | null;
};

/** A frame as a publisher sends it. */
export type Frame = Readonly<Record<string, unknown>>;

/** A publish of `frames` in `runId`, checked like any other; `more` adds header fields. */
export function publish(runId: string | null, frames: readonly Frame[], more: Frame = {}): Step {
  const body = { threadId: key.threadId, runId, events: frames, ...more };
  return step({ kind: "publish", request: parsePublish(body, null) });
}

/** `run_started` alone. */
export const start = (runId: string, payload: Frame = {}): Step =>
  publish(runId, [{ type: "run_started", payload }]);
/** `run_completed` alone. */
export const complete = (runId: string, payload: Frame = {}): Step =>
  publish(runId, [{ type: "run_completed", payload: { status: "completed", ...payload } }]);
/** `POST /v1/threads`. */
export const create = (body: CreateThread = {}): Step => step({ kind: "create", body });
/** `PATCH` of the thread. */
export const update = (body: UpdateThread): Step => step({ kind: "update", body });
/** `DELETE` of the thread. */
export const remove = (force = false): Step => step({ kind: "delete", force });
/** `POST …/cancel`. */
export const cancel = (): Step => step({ kind: "cancel" });
/** The same step, given by somebody else. */
export const as = (by: Principal, given: Step): Step => ({ ...given, by });
/** The same step at another time, in milliseconds since the epoch. */
export const at = (time: number, given: Step): Step => ({ ...given, at: time });

/** Any command of the owner. */
export function step(command: Command): Step {
  return { command, by: alice, at: null };
}

function principal(orgId: string, userId: string, role: "member" | "admin"): Principal {
  const credential = { type: "api_key", id: "key", expiresAt: null } as const;
  return { orgId, userId, role, scopes: ["*"], credential, keyId: "key" };
}

/** A thread in memory that carries out steps one after the other. */
export class DecideScenario {
  state: ThreadState;
  /** Every durable change so far. */
  readonly changes: Change[] = [];
  #seen = new TransientMemory();
  readonly #runs = new Map<string, RunRow>();
  readonly #messageIds: string[] = [];
  readonly #ids = { rol: 0, cmp: 0 };
  #now = startTime - 1_000;
  /** When this process started; the steady clock of a specification shows the time of the wall. */
  #steadyStart = 0;

  constructor() {
    this.state = loadedState(key, null, { known: null, clocks: this.#clocks() });
  }

  /** Decides a step and takes it over. Throws the DomainError that refuses it. */
  do({ command, by, at: time }: Step): Decision {
    this.#now = time ?? this.#now + 1_000;
    const state = this.#lookedUp(command);
    const context = {
      principal: by,
      ...this.#clocks(),
      newId: (prefix: "rol" | "cmp") => this.#newId(prefix),
    };
    const decision = decide(state, command, context, this.#seen);
    this.#check(state, decision);
    this.changes.push(...decision.changes);
    this.state = evolve(state, decision, this.#clocks());
    this.#remember(decision);
    return decision;
  }

  /** The events so far, oldest first. */
  get events(): Event[] {
    return this.changes.flatMap((change) => (change.kind === "event" ? [change.event] : []));
  }

  /** A run's row as the tables would hold it. */
  run(runId: string): RunRow | undefined {
    return this.#runs.get(runId);
  }

  /** Time passes, in milliseconds. */
  wait(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Forgets what only the process knew, and everything that was looked up (a restart). */
  restart(): void {
    const { head } = this.state;
    const stored = head === null ? null : { head, run: null, messageIds: null };
    this.#steadyStart = this.#now;
    this.state = loadedState(key, stored, { known: null, clocks: this.#clocks() });
    this.#seen = new TransientMemory();
  }

  #clocks(): Clocks {
    return { now: this.#now, steadyNow: this.#now, steadyStart: this.#steadyStart };
  }

  #newId(prefix: "rol" | "cmp"): string {
    this.#ids[prefix] += 1;
    return `${prefix}_made${this.#ids[prefix]}`;
  }

  #lookedUp(command: Command): ThreadState {
    const needs = needsOf(this.state, command);
    if (needs === null || this.state.head === null) return this.state;
    const stored: StoredThread = {
      head: this.state.head,
      run: this.#runs.get(needs.runId ?? "") ?? null,
      messageIds: needs.messageIds ? this.#messageIds.slice(-runlessMessageIdsMax) : null,
    };
    const state = withLookedUp(this.state, needs, stored);
    assert.equal(needsOf(state, command), null, "one look-up is enough");
    return state;
  }

  #check(state: ThreadState, { effects, changes, head, rows }: Decision): void {
    assert.deepEqual(
      effects.filter((effect) => effect.kind !== "transient"),
      changes,
    );
    if (changes.length === 0) return;
    assert.deepEqual(foldChanges(key, state.head, changes), { head, rows });
  }

  #remember(decision: Decision): void {
    for (const run of decision.rows.runs) this.#runs.set(run.runId, run);
    this.#messageIds.push(...decision.rows.messageIds.map((row) => row.messageId));
    this.#seen.remember(decision.effects);
  }
}

/** A thread on which `steps` were carried out, all of them accepted. */
export function given(...steps: Step[]) {
  const scenario = new DecideScenario();
  for (const each of steps) scenario.do(each);
  return {
    scenario,
    when: (tried: Step) => new Outcome(scenario, tried),
  };
}

/** What came of the step under test. Decided once, when its outcome is named. */
class Outcome {
  readonly #scenario: DecideScenario;
  readonly #tried: Step;

  constructor(scenario: DecideScenario, tried: Step) {
    this.#scenario = scenario;
    this.#tried = tried;
  }

  /** The step is accepted with exactly these effects, each in `summaryOf`'s words. */
  gives(...effects: string[]): Given {
    const decision = this.#scenario.do(this.#tried);
    assert.deepEqual(decision.effects.map(summaryOf), effects);
    return new Given(this.#scenario, decision);
  }

  /** The step is refused with `code`; `details` are those named here, or none. */
  refuses(code: ErrorCode, details?: Record<string, unknown>): DomainError {
    const before = this.#scenario.state;
    try {
      this.#scenario.do(this.#tried);
    } catch (refusal) {
      if (!(refusal instanceof DomainError)) throw refusal;
      assert.equal(refusal.code, code, refusal.message);
      if (details !== undefined)
        assert.deepEqual({ ...refusal.details, ...details }, refusal.details);
      assert.equal(this.#scenario.state.head, before.head, "a refusal leaves the thread alone");
      return refusal;
    }
    return assert.fail(`accepted, not refused with ${code}`);
  }
}

/** An accepted step, to look closer at. */
class Given {
  readonly scenario: DecideScenario;
  readonly decision: Decision;

  constructor(scenario: DecideScenario, decision: Decision) {
    this.scenario = scenario;
    this.decision = decision;
  }

  /** The publish answer holds these fields. */
  answers(fields: Partial<PublishAnswer>): this {
    assert.deepEqual({ ...this.decision.answer, ...fields }, this.decision.answer);
    return this;
  }

  /** The thread's row holds these fields afterwards. */
  leaves(fields: Partial<Decision["head"]["thread"]>): this {
    const { thread } = this.decision.head;
    assert.deepEqual({ ...thread, ...fields }, thread);
    return this;
  }

  /** The events of the step. */
  get events(): Event[] {
    return this.decision.effects.flatMap((effect) =>
      effect.kind === "event" ? [effect.event] : [],
    );
  }
}

/**
 * An effect in a few words: `user_message 3` (an event and its runSequence, if any), `~type 5` (a
 * transient frame and its sequenceNumber), `renamed "…"`, `archived`, `unarchived`, and the kind of
 * any other change.
 */
export function summaryOf(effect: Effect): string {
  switch (effect.kind) {
    case "event": {
      const { type, runSequence } = effect.event;
      return runSequence === undefined ? type : `${type} ${runSequence}`;
    }
    case "transient":
      return `~${effect.type} ${effect.sequenceNumber}`;
    case "thread_renamed":
      return `renamed ${JSON.stringify(effect.title)}`;
    case "thread_archived":
      return effect.archivedAt === null ? "unarchived" : "archived";
    default:
      return effect.kind;
  }
}
