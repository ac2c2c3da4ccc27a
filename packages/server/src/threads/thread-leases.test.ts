/**
 * Proves leases over the real store: a lapse is found by the next command and stored with it, many
 * starts make one run, a restart goes by what was stored, the clock may jump, threads may be let go
 * from memory, and a store that fails loses nothing.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RegisterRun } from "@spool/protocol/requests";
import { CommandServer } from "../testing/command-server.ts";
import { eventually, settled } from "../testing/eventually.ts";
import {
  cancel,
  create,
  type Frame,
  key,
  publish,
  remove,
  type Step,
  start,
  step,
} from "./decide-specification.ts";

const message = (content: string): Frame => ({ type: "user_message", payload: { content } });
const delta = (sequenceNumber: number) => ({
  type: "assistant_message_delta",
  payload: { messageId: "m", delta: "x" },
  sequenceNumber,
});
const named = { rolloutId: "rol_own" };
const begin = (leaseSeconds = 60) =>
  publish("run_1", [{ type: "run_started", payload: { leaseSeconds } }], named);
const live = (...frames: Frame[]) => publish("run_1", frames, named);
const heartbeat = live();
const register = (runId: string, body: RegisterRun) => step({ kind: "register_run", runId, body });
const expire: Step = step({ kind: "expire_run" });

const typesOf = async (server: CommandServer) => {
  return (await server.events()).map(({ type, payload }) => {
    return payload.reason === undefined ? type : `${type} ${payload.reason}`;
  });
};

test("RUN13 LOG4 the command that finds a lapse leaves when its end is flushed", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin());
  server.fixture.clock.advance(60_000);
  const release = server.hold();
  const answers = [
    server.give("late delta", live(delta(1))),
    server.give("cancel", cancel()),
    server.give("another", start("run_2")),
  ];
  await settled();
  assert.deepEqual(server.left, []);
  release();
  await Promise.all(answers);
  assert.deepEqual(server.left, ["late delta RUN_NOT_ACTIVE", "cancel RUN_NOT_ACTIVE", "another"]);
  const types = ["run_started", "run_completed lease_expired", "run_started"];
  assert.deepEqual(await typesOf(server), types);
});

test("RUN2 RUN4 RUN13 of many starts on a lapsed thread at once one wins", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin());
  server.fixture.clock.advance(60_000);
  const starts = Array.from({ length: 30 }, (_, at) => {
    const runId = `run_x${at}`;
    return server.give("start", at % 2 === 0 ? start(runId) : register(runId, { prompt: "p" }));
  });
  await Promise.all([...starts, server.do(expire)]);
  assert.equal(server.left.filter((name) => name === "start").length, 1);
  const started = (await server.events()).filter(({ type }) => type === "run_started");
  assert.equal(started.length, 2);
});

test("RUN13 a failed flush ends no run: the next command finds it lapsed again", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin());
  server.fixture.clock.advance(60_000);
  server.fixture.files.fail({ kind: "sync", path: /journal/, code: "ENOSPC", times: 1 });
  await server.give("another", start("run_2"));
  await eventually("it writes again", () => server.store.health().state === "writable");
  await server.do(start("run_2"));
  assert.deepEqual(server.left, ["another STORAGE_UNAVAILABLE"]);
  const types = ["run_started", "run_completed lease_expired", "run_started"];
  assert.deepEqual(await typesOf(server), types);
});

test("RUN14 RUN16 a restart goes by the stored renewal, killed or closed", async (t) => {
  for (const ending of ["close", "kill", "power"]) {
    const server = await new CommandServer(t).open();
    await server.do(begin(400));
    server.fixture.clock.advance(110_000);
    // Older than a quarter: stored. The next is not.
    await server.do(heartbeat);
    server.fixture.clock.advance(50_000);
    await server.do(live(delta(1)));
    if (ending === "close") await server.close();
    else await server.kill(ending === "power" ? "lost" : "stays");
    await server.open();
    server.fixture.clock.advance(349_999);
    await server.give("busy", start("run_2"));
    server.fixture.clock.advance(1);
    await server.give("free", start("run_2"));
    assert.deepEqual(server.left, ["busy THREAD_BUSY", "free"], ending);
    await server.close();
  }
});

test("RUN16 what lapsed while the server was down has a minute, and its publisher goes on", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin());
  await server.close();
  server.fixture.clock.advance(86_400_000);
  await server.open();
  server.fixture.clock.advance(59_999);
  const { answer } = await server.do(live(message("back")));
  assert.equal(answer?.appended, 1);
  assert.deepEqual(await typesOf(server), ["run_started", "user_message"]);
});

test("RUN13 the wall clock may jump: no run ends early, none lives on", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin());
  const { clock } = server.fixture;
  clock.jump(86_400_000);
  await server.give("jumped ahead", start("run_2"));
  clock.jump(-2 * 86_400_000);
  await server.give("jumped back", start("run_2"));
  clock.advance(60_000);
  await server.give("over", start("run_2"));
  assert.deepEqual(server.left, ["jumped ahead THREAD_BUSY", "jumped back THREAD_BUSY", "over"]);
});

test("RUN14 PUB15 PUB16 a thread with a run may be let go: lease and frames seen are kept", async (t) => {
  const server = await new CommandServer(t).open({ lanesMax: 2 });
  await server.do(begin());
  server.fixture.clock.advance(14_000);
  await server.do(live(delta(7)));
  await server.do(
    live({ type: "assistant_message", payload: { content: "x", messageId: "done" } }),
  );
  server.fixture.clock.advance(40_000);
  await server.do(live(delta(8)));
  for (let other = 0; other < 10; other += 1) await server.do(create(), `thr_other${other}`);
  const { answer } = await server.do(live(delta(8), delta(9)));
  assert.deepEqual([answer?.duplicates, answer?.delivered], [1, 1]);
  const done = { ...delta(10), payload: { messageId: "done", delta: "x" } };
  assert.equal((await server.do(live(done))).answer?.duplicates, 1);
  server.fixture.clock.advance(59_999);
  for (let other = 0; other < 10; other += 1) await server.do(create(), `thr_more${other}`);
  await server.give("busy", start("run_2"));
  assert.deepEqual(server.left, ["busy THREAD_BUSY"]);
});

test("RUN14 THR5 renewals that are stored tell watchers nothing and move nothing", async (t) => {
  const server = await new CommandServer(t).open();
  const { head } = await server.do(begin());
  for (let time = 0; time < 4; time += 1) {
    server.fixture.clock.advance(30_000);
    await server.do(heartbeat);
  }
  const stored = await server.store.load(key);
  assert.deepEqual(stored?.head.thread, head.thread);
  assert.equal(stored?.head.run?.renewedAt, server.fixture.clock.time);
  assert.deepEqual(server.heard, ["1"]);
});

test("RUN14 heartbeats cost no flush each", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin(100));
  const before = server.fixture.flushes.length;
  for (let beat = 0; beat < 99; beat += 1) {
    server.fixture.clock.advance(1_000);
    await server.do(beat % 2 === 0 ? heartbeat : live(delta(beat + 1)));
  }
  assert.equal(server.fixture.flushes.length - before, 3);
});

test("RUN13 DEL1 a thread that is deleted with its run has nothing left to end", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(begin());
  const { head } = await server.do(remove(true));
  assert.deepEqual([head.run, server.commands.leaseUntil(key, head)], [null, null]);
  server.fixture.clock.advance(60_000);
  assert.equal((await server.do(expire)).changed, false);
  await server.give("late", heartbeat);
  assert.deepEqual(server.left, ["late THREAD_DELETED"]);
});
