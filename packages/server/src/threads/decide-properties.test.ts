/**
 * Proves what holds of a thread whatever its publishers do: random commands of two publishers keep
 * the history's invariants, and a numbered publisher that repeats, reorders and pipelines ends up
 * with exactly its frames. Seeded; a failing case prints the commands that led to it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "@spool/protocol/errors";
import type { Event } from "@spool/protocol/resources";
import fc from "fast-check";
import type { Change } from "../store/changes.ts";
import { decodeEvent } from "../store/event-line.ts";
import { foldChanges } from "../store/rows.ts";
import { assertRuns } from "../testing/assert-runs.ts";
import {
  at,
  cancel,
  DecideScenario,
  type Frame,
  key,
  publish,
  type Step,
  startTime,
  update,
} from "./decide-specification.ts";

const frameOf: Readonly<Record<string, Frame>> = {
  run_started: { type: "run_started", payload: {} },
  run_completed: { type: "run_completed", payload: { status: "completed" } },
  user_message: { type: "user_message", payload: { content: "a" } },
  assistant_message: { type: "assistant_message", payload: { content: "b", messageId: "m" } },
  compaction_started: { type: "compaction_started", payload: {} },
  summarised: { type: "compaction_completed", payload: { summary: "s" } },
  gave_up: { type: "compaction_completed", payload: { status: "failed", error: "e" } },
};

/** Frames of one publisher in one of its runs. */
type Publish = {
  readonly kind: "publish";
  readonly runId: string;
  readonly starts: boolean;
  readonly frames: readonly string[];
  /** Where the numbers begin, counted from the right one; null: no numbers. */
  readonly shift: number | null;
};

/** One thing that somebody does, or that happens. */
type Act =
  | Publish
  | { readonly kind: "runless" | "cancel" | "abandon" | "clear_title" | "clock_back" | "expire" }
  | { readonly kind: "heartbeat"; readonly runId: string }
  | { readonly kind: "time"; readonly seconds: number }
  | { readonly kind: "restart" };

const anyPublish: fc.Arbitrary<Publish> = fc.record({
  kind: fc.constant("publish"),
  runId: fc.constantFrom("run_a1", "run_a2", "run_a3", "run_b1", "run_b2", "run_b3"),
  starts: fc.boolean(),
  frames: fc.array(fc.constantFrom(...Object.keys(frameOf)), { maxLength: 4 }),
  shift: fc.constantFrom(null, null, 0, 0, 0, -1, -2, 1),
});

const anyAct: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: anyPublish },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { kind: "runless" } as const,
      { kind: "cancel" } as const,
      { kind: "restart" } as const,
      { kind: "abandon" } as const,
      { kind: "clear_title" } as const,
      { kind: "clock_back" } as const,
      { kind: "expire" } as const,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ kind: fc.constant("time" as const), seconds: fc.constantFrom(5, 400, 1_000) }),
      fc.record({
        kind: fc.constant("heartbeat" as const),
        runId: fc.constantFrom("run_a1", "run_a2", "run_b1"),
      }),
    ),
  },
);

const runless = publish(null, [frameOf.user_message as Frame]);

function stepOf(act: Exclude<Act, { kind: "restart" | "time" }>, scenario: DecideScenario): Step {
  switch (act.kind) {
    case "publish":
      return publishOf(act, scenario);
    case "runless":
      return runless;
    case "cancel":
      return cancel();
    case "abandon":
      return { ...cancel(), command: { kind: "abandon_compaction" } };
    case "expire":
      return { ...cancel(), command: { kind: "expire_run" } };
    case "heartbeat":
      return publish(act.runId, []);
    case "clear_title":
      return update({ title: null });
    case "clock_back":
      return at(startTime - 5_000, runless);
  }
}

function publishOf({ runId, starts, frames, shift }: Publish, scenario: DecideScenario): Step {
  const names = starts ? ["run_started", ...frames] : frames;
  const first = Math.max(1, (scenario.run(runId)?.runSequence ?? 0) + 1 + (shift ?? 0));
  const numbered = names.map((name, index) => ({
    ...frameOf[name],
    ...(shift === null ? {} : { runSequence: first + index }),
  }));
  return publish(runId, numbered);
}

/** Carries out what is accepted; a refusal is as good an outcome. Returns how many were accepted. */
function carryOut(scenario: DecideScenario, acts: readonly Act[]): number {
  let accepted = 0;
  for (const act of acts) {
    if (act.kind === "restart") {
      scenario.restart();
      continue;
    }
    if (act.kind === "time") {
      scenario.wait(act.seconds * 1_000);
      continue;
    }
    try {
      scenario.do(stepOf(act, scenario));
      accepted += 1;
    } catch (error) {
      // A refusal is an outcome like any other; anything else is a defect.
      if (!(error instanceof DomainError)) throw error;
    }
  }
  return accepted;
}

test("THR6 THR7 RUN4 RUN13 RUN15 PUB3 ROL4 ROL7 random commands keep every history in shape", () => {
  let accepted = 0;
  let compactions = 0;
  let lapses = 0;
  let reopenings = 0;
  const property = fc.property(fc.array(anyAct, { minLength: 10, maxLength: 50 }), (acts) => {
    const scenario = new DecideScenario();
    accepted += carryOut(scenario, acts);
    const { events } = scenario;
    compactions += events.filter((event) => event.type === "compaction_completed").length;
    lapses += events.filter(({ payload }) => payload.reason === "lease_expired").length;
    reopenings += events.filter(({ payload }) => payload.resumed === true).length;
    assertCounted(events);
    assertRuns(events);
    assertCompactions(events);
    assertRollouts(events);
    assertFolded(scenario);
  });
  fc.assert(property, { seed: 20, numRuns: 800 });
  assert.ok(
    accepted > 2_000 && compactions > 300 && lapses > 150 && reopenings > 50,
    `${accepted} accepted, ${compactions} compactions, ${lapses} lapses, ${reopenings} reopenings`,
  );
});

function assertCounted(events: readonly Event[]): void {
  for (const [index, event] of events.entries()) {
    assert.equal(event.sequence, index + 1);
    assert.ok(event.createdAt >= (events[index - 1]?.createdAt ?? ""), "time goes on");
  }
}

/** One compaction at a time, each with one end of the same id, none past its run's. */
function assertCompactions(events: readonly Event[]): void {
  let open: unknown = null;
  for (const { type, payload } of events) {
    if (type === "compaction_started") {
      assert.equal(open, null, "a compaction starts when none is open");
      open = payload.compactionId;
      assert.equal(typeof open, "string");
    }
    if (type === "compaction_completed") {
      assert.equal(payload.compactionId, open, "a compaction ends once, under its own id");
      open = null;
    }
    if (type === "run_completed") assert.equal(open, null, "no compaction outlives its run");
  }
}

/** A rollout begins with the end of a compaction that did not fail, and is never gone back to. */
function assertRollouts(events: readonly Event[]): void {
  const closed = new Set<string>();
  for (const [index, { type, rolloutId, payload }] of events.entries()) {
    const before = events[index - 1]?.rolloutId ?? rolloutId;
    const opens = type === "compaction_completed" && payload.status !== "failed";
    assert.equal(rolloutId !== before, opens);
    if (opens) closed.add(before);
    assert.equal(closed.has(rolloutId), false, "a closed rollout stays as it is");
  }
}

/** What stands on disk alone gives the same rows as deciding step by step did (LOG6). */
function assertFolded(scenario: DecideScenario): void {
  if (scenario.changes.length === 0) return;
  const fromLines = scenario.changes.map(
    (change): Change =>
      change.kind === "event" ? { kind: "event", ...decodeEvent(change.line) } : change,
  );
  const { head, rows } = foldChanges(key, null, fromLines);
  assert.deepEqual(head, scenario.state.head);
  assert.deepEqual(
    rows.rollouts.map((row) => row.index),
    rows.rollouts.map((_, index) => index),
  );
  assert.equal(rows.rollouts.filter((row) => row.completedAt === null).length, 1);
  for (const run of rows.runs) assert.deepEqual(run, scenario.run(run.runId));
}

/** A run's frames as its publisher numbered them. */
function numberedRun(middle: readonly string[]): Frame[] {
  const names = ["run_started", ...middle, "run_completed"];
  return names.map((name, index) => ({
    ...frameOf[name],
    payload: { ...(frameOf[name]?.payload as object), index },
    runSequence: index + 1,
  }));
}

/** A slice of the frames on its way: repeated, late or early, and what happens before it arrives. */
const anySend = fc.record({
  from: fc.nat({ max: 12 }),
  count: fc.integer({ min: 1, max: 6 }),
  before: fc.constantFrom("nothing", "nothing", "restart", "runless", "another run"),
});

test("PUB4 PUB5 PUB20 a numbered publisher ends up with its frames once and in order", () => {
  const property = fc.property(
    fc.array(fc.constantFrom("user_message", "assistant_message", "summarised"), { maxLength: 8 }),
    fc.array(anySend, { maxLength: 30, size: "max" }),
    (middle, sends) => {
      const scenario = new DecideScenario();
      const frames = numberedRun(middle);
      for (const { from, count, before } of sends) {
        if (before === "restart") scenario.restart();
        if (before === "runless") attempt(scenario, runless);
        if (before === "another run") attempt(scenario, publish("run_other", numberedRun([])));
        attempt(scenario, publish("run_a", frames.slice(from, from + count)));
      }
      // In the end it sends everything again, in order, until all of it is there.
      for (const frame of frames) scenario.do(publish("run_a", [frame]));
      const kept = scenario.events.filter(
        ({ runId, runSequence }) => runId === "run_a" && runSequence,
      );
      assert.deepEqual(
        kept.map((event) => [event.runSequence, event.type, event.payload.index]),
        frames.map((frame, index) => [index + 1, frame.type, index]),
      );
      assertRuns(scenario.events);
      assertCompactions(scenario.events);
    },
  );
  fc.assert(property, { seed: 5, numRuns: 300 });
});

/** Early, late or in somebody's way: refusals that the publisher answers by sending again. */
const expectedRefusals = new Set([
  "THREAD_NOT_FOUND",
  "OUT_OF_ORDER",
  "RUN_NOT_ACTIVE",
  "THREAD_BUSY",
]);

function attempt(scenario: DecideScenario, tried: Step): void {
  try {
    scenario.do(tried);
  } catch (error) {
    if (!(error instanceof DomainError) || !expectedRefusals.has(error.code)) throw error;
  }
}
