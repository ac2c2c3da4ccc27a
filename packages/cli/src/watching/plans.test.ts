/** The pure decisions of a watch, as tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { SpoolError } from "@spool/client/spool-error";
import { isRecent, movesOn, planFile } from "./file-plan.ts";
import { FileQueue } from "./file-queue.ts";
import { planRefusal } from "./refusal-plan.ts";
import { type WatchEvent, watchLines } from "./watch-event.ts";

const seen = { dev: 1, ino: 2, size: 100, mtimeMs: 5 };
const published = { dev: 1, ino: 2, position: 100, mtimeMs: 5 };

test("WATCH2 what to do with a file follows from its number, size and time", () => {
  for (const [before, now, plan] of [
    [null, { ...seen, size: 0 }, "nothing"],
    [null, seen, "again"],
    [published, seen, "nothing"],
    [published, { ...seen, size: 101 }, "continue"],
    [published, { ...seen, size: 99 }, "again"],
    [published, { ...seen, mtimeMs: 6 }, "again"],
    [published, { ...seen, ino: 3 }, "again"],
    [published, { ...seen, dev: 3, size: 101 }, "again"],
  ] as const) {
    assert.equal(planFile(before, now), plan);
  }
});

test("WATCH4 reading anew does not take a position back, unless the file is another one or was cut", () => {
  const half = { ...published, position: 50 };
  assert.equal(movesOn(published, half, seen), false);
  assert.equal(movesOn(published, published, seen), true);
  assert.equal(movesOn(null, half, seen), true);
  assert.equal(movesOn({ ...published, ino: 9 }, half, seen), true);
  assert.equal(movesOn(published, half, { ...seen, size: 60 }), true);
});

test("WATCH5 a clock that jumped back makes a file recent, not old", () => {
  assert.equal(isRecent({ ...seen, mtimeMs: 1_000_000 }, 10, 100), true);
  assert.equal(isRecent({ ...seen, mtimeMs: 0 }, 100, 100), false);
});

test("WATCH6 every refusal has its outcome", () => {
  const plan = (code: string, status: number, repeated = false) =>
    planRefusal(new SpoolError("no", { code, status }), repeated).kind;
  for (const [code, status, first, second] of [
    ["INVALID_CREDENTIALS", 401, "stop", "stop"],
    ["INSUFFICIENT_SCOPE", 403, "stop", "stop"],
    ["THREAD_BUSY", 409, "later", "later"],
    ["RUN_NOT_ACTIVE", 409, "again", "leave_run"],
    ["RUN_FENCED", 409, "leave_run", "leave_run"],
    ["OUT_OF_ORDER", 409, "again", "later"],
    ["THREAD_DELETED", 410, "leave_thread", "leave_thread"],
    ["THREAD_ID_TAKEN", 409, "leave_thread", "leave_thread"],
    ["INVALID_FRAME", 400, "leave_run", "leave_run"],
    ["INTERNAL", 500, "later", "later"],
    ["INVALID_ANSWER", 404, "later", "later"],
  ] as const) {
    assert.deepEqual([plan(code, status), plan(code, status, true)], [first, second], code);
  }
  const busy = new SpoolError("no", { code: "THREAD_BUSY", status: 409, retryAfterSeconds: 600 });
  assert.deepEqual(planRefusal(busy, false), { kind: "later", afterMs: 15_000 });
});

test("WATCH1 what changed just now is read before the backlog, each file once, no file twice at a time", () => {
  const queue = new FileQueue<string>();
  const any = () => true;
  queue.addBacklog(["b", "a", "c"], (x, y) => (x < y ? -1 : 1));
  queue.addLive("c");
  queue.addLive("d");
  assert.equal(
    queue.take((file) => file !== "c"),
    "d",
  );
  assert.deepEqual([queue.take(any), queue.take(any)], ["c", "a"]);
  queue.putBack("a");
  queue.putBack("a");
  queue.addBacklog(["e", "a"], () => 0);
  assert.deepEqual([queue.take(any), queue.take(any), queue.take(any)], ["a", "b", "e"]);
  assert.deepEqual([queue.take(any), queue.isEmpty], [undefined, true]);
});

test("WATCH1 a file that is not free keeps its place, and the next one that is goes first", () => {
  const queue = new FileQueue<string>();
  queue.addBacklog(["b", "a"], (x, y) => (x < y ? -1 : 1));
  assert.equal(
    queue.take((file) => file !== "a"),
    "b",
  );
  assert.equal(
    queue.take(() => false),
    undefined,
  );
  assert.deepEqual([queue.has("a"), queue.has("b")], [true, false]);
  assert.equal(
    queue.take(() => true),
    "a",
  );
  assert.equal(queue.isEmpty, true);
});

test("WATCH11 every event has its words for people, and says what counts", () => {
  const counts = { files: 2, appended: 1, redacted: 3, seconds: 1.25 };
  const where = { file: "/f", threadId: "thr_a", runId: "run_a", code: "X", message: "why" };
  const published = { ...where, title: "T\nt", appended: 1, duplicates: 0 };
  for (const [event, words] of [
    [
      { type: "watching", folders: [{ agent: "Pi", folder: "/p", exists: false }] },
      "Pi, not there yet",
    ],
    [{ type: "found", files: 2, bytes: 2_500_000 }, "2.5 MB"],
    [{ type: "published", ...published }, 'thr_a "T t"'],
    [{ type: "caught_up", ...counts }, "2 session files, 1 event added in 1.3 s, 3 secrets masked"],
    [{ type: "waiting", code: "X", message: "why" }, "why; nothing is lost"],
    [{ type: "resumed" }, "answers again"],
    [{ type: "left_out", ...where }, "run_a of thr_a: why"],
    [{ type: "delayed", ...where }, "thr_a: why"],
    [{ type: "problem", file: "/f", message: "why" }, "/f: why"],
    [{ type: "stopped", appended: 5, redacted: 0 }, "stopped: 5 events added"],
  ] as [WatchEvent, string][]) {
    const lines = watchLines(event, true);
    assert.equal(lines.length, 1);
    assert.ok(lines[0]?.includes(words), lines[0]);
  }
});
