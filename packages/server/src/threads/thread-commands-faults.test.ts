/**
 * Proves what becomes of commands when storage fails, loses a race or is full, and when threads are
 * let go from memory: nothing unflushed is answered as done, nothing is lost or shown twice, and
 * the next command decides on what is really there.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CommitOutcome, LoadNeeds, ThreadStore } from "../store/thread-store.ts";
import { CommandServer } from "../testing/command-server.ts";
import { eventually, settled } from "../testing/eventually.ts";
import {
  cancel,
  complete,
  create,
  type Frame,
  key,
  publish,
  type Step,
  start,
} from "./decide-specification.ts";

const message = (content: string, more: Frame = {}) => ({
  type: "user_message",
  payload: { content },
  ...more,
});
const answer = { type: "assistant_message", payload: { content: "x", messageId: "done" } };
const delta = (sequenceNumber: number, messageId = "m") => ({
  type: "assistant_message_delta",
  payload: { messageId, delta: "x" },
  sequenceNumber,
});
const runStarted = { type: "run_started", payload: {} };
const named = { rolloutId: "rol_own" };
const begin = publish("run_1", [runStarted], named);
const live = (...frames: Frame[]) => publish("run_1", frames, named);
const say = (content: string) => publish(null, [message(content)]);

test("LOG11 a failed flush answers 503 to everything that was decided on it", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin);
  await server.do(live(message("kept")));
  const release = server.hold();
  server.fixture.files.fail({ kind: "sync", path: /journal/, code: "EIO" });
  const answers = [
    server.give("message", live(message("lost"))),
    server.give("transient", live(delta(1))),
    server.give("duplicate", start("run_1")),
    server.give("refusal", publish("run_1", [message("x", { runSequence: 99 })])),
    server.give("cancel", cancel()),
    server.give("fenced", live(message("x"))),
  ];
  await settled();
  release();
  await Promise.all(answers);
  assert.deepEqual(
    server.left.map((name) => name.split(" ")[1]),
    answers.map(() => "STORAGE_UNAVAILABLE"),
  );
  assert.deepEqual(server.heard, ["1", "2", "renamed"]);
  assert.equal(server.store.health().state, "refusing");
});

test("LOG11 after a failed flush commands are decided on what is stored", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin);
  server.fixture.files.fail({ kind: "sync", path: /journal/, code: "EIO" });
  await server.give("cancel", cancel());
  // The run was not cancelled: its start is a duplicate, another run finds the thread busy.
  const { answer: again } = await server.do(start("run_1"));
  assert.deepEqual([again?.duplicates, again?.sequence], [1, 1]);
  await server.give("another", start("run_2"));
  await server.give("message", live(message("x")));
  assert.deepEqual(server.left, [
    "cancel STORAGE_UNAVAILABLE",
    "another THREAD_BUSY",
    "message STORAGE_UNAVAILABLE",
  ]);
  assert.equal((await server.events()).length, 1);
});

test("LOG13 LOG22 PUB15 PUB16 what failed and is sent again is stored and shown, once", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin);
  await server.do(live(delta(1)));
  const batch = live({ ...answer, runSequence: 2 }, delta(2, "late"), delta(3, "done"));
  server.fixture.files.fail({ kind: "sync", path: /journal/, code: "ENOSPC", times: 1 });
  await server.give("full", batch);
  await eventually("the store writes again", () => server.store.health().state === "writable");
  // Not stored, so not finished: a watcher is still to see it.
  const live4 = await server.do(live(delta(1), delta(2, "done")));
  assert.deepEqual([live4.answer?.delivered, live4.answer?.duplicates], [1, 1]);
  const { answer: again } = await server.do(live({ ...answer, runSequence: 2 }, delta(5, "late")));
  assert.deepEqual([again?.appended, again?.delivered, again?.sequence], [1, 1, 2]);
  const after = await server.do(live(delta(6, "done")));
  assert.equal(after.answer?.duplicates, 1);
  assert.deepEqual(server.left, ["full STORAGE_UNAVAILABLE"]);
  assert.deepEqual(server.heard, ["1", "~1", "~2", "2", "~5"]);
});

/** A store that says "conflict" to the next `count` commits, as if another server had been faster. */
function losingRaces(store: ThreadStore, races: { count: number }): ThreadStore {
  return wrapped(store, {
    commit: (commit) => {
      if (races.count === 0) return store.commit(commit);
      races.count -= 1;
      return Promise.resolve<CommitOutcome>("conflict");
    },
  });
}

/** The store with some methods replaced. */
function wrapped(store: ThreadStore, own: Partial<ThreadStore>): ThreadStore {
  return {
    load: (at, needs) => store.load(at, needs),
    commit: (commit) => store.commit(commit),
    stage: (at, begin) => store.stage(at, begin),
    readEvents: (query) => store.readEvents(query),
    readRollout: (at, rollout, range) => store.readRollout(at, rollout, range),
    listThreads: (query) => store.listThreads(query),
    listRollouts: (query) => store.listRollouts(query),
    listRuns: (query) => store.listRuns(query),
    health: () => store.health(),
    close: () => store.close(),
    ...own,
  };
}

test("THR6 PUB15 a lost race is decided again, stored once and shown once", async (t) => {
  const races = { count: 0 };
  const server = await new CommandServer(t).open({ wrap: (store) => losingRaces(store, races) });
  await server.do(begin);
  races.count = 3;
  const { answer: result } = await server.do(live(delta(1), answer, delta(2, "done"), delta(3)));
  assert.deepEqual([result?.appended, result?.delivered, result?.duplicates], [1, 2, 1]);
  assert.deepEqual(server.heard, ["1", "~1", "2", "~3"]);
  assert.equal((await server.events()).length, 2);
});

test("THR6 LOG4 what was decided on a lost race is decided again too, in order", async (t) => {
  const races = { count: 0 };
  const server = await new CommandServer(t).open({ wrap: (store) => losingRaces(store, races) });
  await server.do(begin);
  races.count = 1;
  await Promise.all([
    server.give("a", live(message("a"))),
    server.give("transient", live(delta(1))),
    server.give("busy", start("run_2")),
    server.give("b", live(message("b"))),
    server.give("end", complete("run_1")),
    server.give("ended", live(message("c"))),
  ]);
  assert.deepEqual(server.left, [
    "a",
    "transient",
    "busy THREAD_BUSY",
    "b",
    "end",
    "ended RUN_NOT_ACTIVE",
  ]);
  assert.deepEqual(server.heard, ["1", "2", "renamed", "~1", "3", "4"]);
});

test("LOG21 a thread that loses every race is answered OVERLOADED", async (t) => {
  const races = { count: Number.POSITIVE_INFINITY };
  const server = await new CommandServer(t).open({ wrap: (store) => losingRaces(store, races) });
  await server.give("start", start("run_1"));
  races.count = 0;
  await server.give("again", start("run_1"));
  assert.deepEqual(server.left, ["start OVERLOADED", "again"]);
});

test("THR6 RUN2 RUN6 a writer whose thread another one wrote to decides on what is there now", async (t) => {
  const server = await new CommandServer(t).open();
  const other = server.writer();
  const elsewhere = ({ by, command }: Step) => other.execute(key, by, command);
  await server.do(create());
  await elsewhere(say("other 0"));
  for (const number of [1, 2, 3]) {
    await server.do(say(`this ${number}`));
    await elsewhere(say(`other ${number}`));
  }
  const events = await server.events();
  assert.deepEqual(
    events.map((event) => event.payload.content),
    ["other 0", "this 1", "other 1", "this 2", "other 2", "this 3", "other 3"],
  );
  await server.do(start("run_1"));
  await assert.rejects(elsewhere(start("run_2")), { code: "THREAD_BUSY" });
  await elsewhere(cancel());
  await assert.rejects(server.do(publish("run_1", [message("x")])), { code: "RUN_FENCED" });
});

test("LOG21 a commit that is refused at once leaves those before it, and who comes next waits", async (t) => {
  const server = await new CommandServer(t, { waitingBytesMax: 1 }).open();
  await server.do(begin);
  const release = server.hold();
  const first = server.give("flushing", live(message("a")));
  await settled();
  const answers = [
    server.give("waiting", live(message("b"), delta(1))),
    server.give("refused", live(message("c"), delta(2))),
  ];
  await settled();
  assert.deepEqual(server.left, ["refused OVERLOADED"]);
  answers.push(
    server.give("old delta", live(delta(1))),
    server.give("next", publish("run_1", [message("c", { runSequence: 4 })])),
  );
  await settled();
  assert.deepEqual(server.left, ["refused OVERLOADED"]);
  release();
  await Promise.all([first, ...answers]);
  assert.deepEqual(server.left.slice(1), ["flushing", "waiting", "old delta", "next"]);
  assert.deepEqual(server.heard, ["1", "2", "renamed", "3", "~1", "4"]);
});

test("LOG4 a look-up that fails is its own command's failure only", async (t) => {
  let failures = 0;
  const wrap = (store: ThreadStore) =>
    wrapped(store, {
      load: async (at, needs?: LoadNeeds) => {
        if (failures === 0) return store.load(at, needs);
        failures -= 1;
        throw new Error("the tables cannot be read");
      },
    });
  const server = await new CommandServer(t).open({ wrap });
  failures = 1;
  const outcomes = await Promise.allSettled([
    server.do(begin),
    server.do(begin),
    server.do(say("x")),
  ]);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ["rejected", "fulfilled", "fulfilled"],
  );
  failures = 1;
  const later = await Promise.allSettled([
    server.do(start("run_9")),
    server.do(live(message("y"))),
  ]);
  assert.deepEqual(
    later.map(({ status }) => status),
    ["rejected", "fulfilled"],
  );
  assert.equal((await server.events()).length, 3);
});

test("THR6 threads let go from memory keep their order and lose nothing", async (t) => {
  const server = await new CommandServer(t).open({ lanesMax: 4 });
  const threadIds = Array.from({ length: 30 }, (_, index) => `thr_${index}`);
  const answers: Promise<unknown>[] = [];
  for (const threadId of threadIds) {
    const request = { threadId };
    answers.push(server.do(create(), threadId));
    for (const content of ["a", "b", "c"]) {
      answers.push(server.do(publish(null, [message(content)], request), threadId));
    }
  }
  await Promise.all(answers);
  for (const content of ["d", "e"]) {
    for (const threadId of threadIds) {
      const step = publish(null, [message(content)], { threadId });
      const [{ head }] = await Promise.all([server.do(step, threadId), settled(1)]);
      assert.equal(head.thread.sequence, content === "d" ? 4 : 5);
    }
  }
  for (const threadId of threadIds) {
    const events = await server.events(threadId);
    assert.deepEqual(
      events.map((event) => event.payload.content),
      ["a", "b", "c", "d", "e"],
    );
  }
});

test("PUB15 PUB16 an active run's thread is not let go, so what it has shown is not forgotten", async (t) => {
  const server = await new CommandServer(t).open({ lanesMax: 4 });
  await server.do(begin);
  await server.do(live(delta(5), answer));
  for (let index = 0; index < 50; index += 1) await server.do(create(), `thr_other${index}`);
  const { answer: result } = await server.do(live(delta(5), delta(6, "done"), delta(7)));
  assert.deepEqual([result?.duplicates, result?.delivered], [2, 1]);
});

test("LOG4 a thread with commands under way is not let go", async (t) => {
  const server = await new CommandServer(t).open({ lanesMax: 2 });
  const release = server.hold();
  const answers = [server.give("start", begin)];
  const others = Array.from({ length: 20 }, (_, index) => server.do(create(), `thr_other${index}`));
  await settled();
  answers.push(server.give("again", begin), server.give("message", live(message("a"))));
  await settled();
  assert.deepEqual(server.left, []);
  release();
  await Promise.all([...answers, ...others]);
  assert.deepEqual(server.left, ["start", "again", "message"]);
});
