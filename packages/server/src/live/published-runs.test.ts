/** Which cancellations a socket is told of, by when its publishes were decided. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { PublishAnswer } from "@spool/protocol/publish";
import { MemoryBus } from "./memory-bus.ts";
import { PublishedRuns } from "./published-runs.ts";
import { RunPublishers } from "./run-publishers.ts";

const key = { orgId: "acme", threadId: "thr_1" };

function answer(appended: number): PublishAnswer {
  const place = { threadId: "thr_1", runId: "run_1", rolloutId: "rol_1" };
  return { ...place, sequence: 1, runSequence: 1, appended, duplicates: 0, delivered: 0 };
}

function start() {
  const bus = new MemoryBus();
  const runPublishers = new RunPublishers(bus);
  const told: string[] = [];
  const runs = new PublishedRuns(runPublishers, (_threadId, runId) => told.push(runId));
  const cancel = (runId: string) => bus.publish(key, [{ kind: "cancel_requested", runId }]);
  const event = (type: string, runId: string) => {
    const place = { threadId: "thr_1", rolloutId: "rol_1", runId, sequence: 1 };
    const made = { ...place, type, createdAt: "2026-01-01T00:00:00.000Z", payload: {} };
    bus.publish(key, [{ kind: "event", sequence: 1, event: made, line: Buffer.from("{}") }]);
  };
  return { runs, runPublishers, told, cancel, event };
}

test("LIVE25 a cancellation between a publish and its answer is told once it was accepted", () => {
  const { runs, told, cancel } = start();
  const decided = runs.sent(key, "run_1");
  cancel("run_1");
  assert.deepEqual(told, []);
  decided?.(answer(1));
  assert.deepEqual(told, ["run_1"]);
});

test("LIVE25 a socket whose publish is refused is never told, and leaves nothing behind", () => {
  const { runs, runPublishers, told, cancel } = start();
  const decided = runs.sent(key, "run_1");
  cancel("run_1");
  decided?.(null);
  cancel("run_1");
  assert.deepEqual(told, []);
  assert.equal(runPublishers.size, 0);
});

test("LIVE25 neither a refused publish in another run nor old frames again take the active run away", () => {
  const { runs, runPublishers, told, cancel } = start();
  runs.sent(key, "run_1")?.(answer(1));
  runs.sent(key, "run_2")?.(null);
  runs.sent(key, "run_0")?.(answer(0));
  cancel("run_0");
  cancel("run_2");
  cancel("run_1");
  assert.deepEqual(told, ["run_1"]);
  runs.sent(key, "run_3")?.(answer(1));
  cancel("run_1");
  cancel("run_3");
  assert.deepEqual(told, ["run_1", "run_3"]);
  runs.end();
  assert.equal(runPublishers.size, 0);
});

test("LIVE25 a publish that is answered after its socket has gone leaves nothing behind", () => {
  const { runs, runPublishers, told, cancel } = start();
  const decided = runs.sent(key, "run_1");
  runs.end();
  decided?.(answer(1));
  cancel("run_1");
  assert.deepEqual(told, []);
  assert.equal(runPublishers.size, 0);
});

test("LIVE25 a run that ended is forgotten, and told of again once it was opened again", () => {
  const { runs, runPublishers, told, cancel, event } = start();
  runs.sent(key, "run_1")?.(answer(1));
  assert.equal(runs.sent(key, "run_1"), null);
  event("run_completed", "run_1");
  assert.equal(runPublishers.size, 0);
  cancel("run_1");
  assert.deepEqual(told, []);
  const reopening = runs.sent(key, "run_1");
  event("run_started", "run_1");
  reopening?.(answer(2));
  cancel("run_1");
  assert.deepEqual(told, ["run_1"]);
});

test("LIVE25 a run that ends while a publish in it is under way counts again when that reopens it", () => {
  const { runs, runPublishers, told, cancel, event } = start();
  runs.sent(key, "run_1")?.(answer(1));
  runs.sent(key, "run_2")?.(answer(1));
  const completing = runs.sent(key, "run_1");
  const reopening = runs.sent(key, "run_1");
  event("run_completed", "run_1");
  completing?.(answer(1));
  event("run_started", "run_1");
  reopening?.(answer(2));
  cancel("run_1");
  assert.deepEqual(told, ["run_1"]);
  event("run_completed", "run_1");
  assert.equal(runPublishers.size, 0);
});
