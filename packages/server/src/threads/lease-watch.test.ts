/** Proves that lapsed runs are ended by themselves, after failures and restarts, a few at a time. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CommandServer } from "../testing/command-server.ts";
import { eventually } from "../testing/eventually.ts";
import { create, key, publish, start } from "./decide-specification.ts";
import { LeaseWatch } from "./lease-watch.ts";
import { ownerOf } from "./server-principal.ts";
import { watchRuns } from "./start-chores.ts";

const seconds = (count: number) => count * 1_000;
const heartbeat = publish("run_1", []);

/** A watch over a clock that a test moves; `expire` takes `msEach` and answers from `until`. */
function watchOver(t: TestContext, { atOnceMax = 10, msEach = 0 } = {}) {
  const state = { now: 0, running: 0, most: 0, isRefusing: false };
  const expired: string[] = [];
  const until = new Map<string, number | null | Error>();
  const errors: unknown[] = [];
  const watch = new LeaseWatch({
    steadyNow: () => state.now,
    tickMs: 1,
    atOnceMax,
    turnMs: 4,
    onError: (error) => errors.push(error),
    isRefusing: () => state.isRefusing,
    expire: async ({ threadId }) => {
      state.now += msEach;
      state.running += 1;
      state.most = Math.max(state.most, state.running);
      await new Promise((resolve) => setImmediate(resolve));
      state.running -= 1;
      expired.push(threadId);
      const answer = until.get(threadId) ?? null;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  t.after(() => watch.close());
  const see = (threadId: string, milliseconds: number) => {
    watch.watch({ orgId: "acme", threadId }, "alice", milliseconds);
  };
  return { state, expired, until, errors, watch, see };
}

test("RUN13 a lease is looked at once it has ended, and again when it was renewed", async (t) => {
  const { state, expired, until, watch, see } = watchOver(t);
  see("thr_a", 10_200);
  see("thr_b", 10_900);
  until.set("thr_b", 20_000);
  state.now = 10_100;
  see("thr_early", 1_000);
  await eventually("what is over already comes next", () => expired.length === 1);
  state.now = 11_000;
  await eventually("both were looked at", () => expired.length === 3);
  assert.deepEqual(expired, ["thr_early", "thr_a", "thr_b"]);
  assert.equal(watch.size, 1);
  state.now = 20_000;
  await eventually("the renewed one, too", () => expired.length === 4);
});

test("RUN13 a run that ended by itself is not looked at, one that could not be ended is again", async (t) => {
  const { state, expired, until, errors, watch, see } = watchOver(t);
  see("thr_gone", 5_000);
  watch.forget({ orgId: "acme", threadId: "thr_gone" });
  see("thr_full", 5_000);
  until.set("thr_full", new Error("the disk is full"));
  state.now = 6_000;
  await eventually("it was tried", () => errors.length === 1);
  until.set("thr_full", null);
  state.now = 8_000;
  await eventually("it was tried again", () => expired.length === 2);
  assert.deepEqual(expired, ["thr_full", "thr_full"]);
  assert.equal(watch.size, 0);
});

test("RUN13 however many are due, only some are ended at a time", async (t) => {
  const { state, expired, see } = watchOver(t, { atOnceMax: 25 });
  for (let index = 0; index < 1_000; index += 1) see(`thr_${index}`, 3_000);
  state.now = 3_000;
  await eventually("all of them", () => expired.length === 1_000);
  assert.equal(state.most, 25);
});

test("RUN13 what takes long is ended in smaller groups, so that others have their turn", async (t) => {
  const { state, expired, see } = watchOver(t, { msEach: 3 });
  for (let index = 0; index < 20; index += 1) see(`thr_${index}`, 3_000);
  state.now = 3_000;
  await eventually("all of them", () => expired.length === 20);
  assert.equal(state.most, 2);
});

test("RUN13 LOG11 while storage refuses nothing is tried, and all of it afterwards", async (t) => {
  const { state, expired, see } = watchOver(t);
  for (let index = 0; index < 50; index += 1) see(`thr_${index}`, 3_000);
  state.isRefusing = true;
  state.now = 9_000;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(expired, []);
  state.isRefusing = false;
  await eventually("all of them", () => expired.length === 50);
});

/** The watch as the server has it, over a real store. */
function watchCommands(t: TestContext, server: CommandServer): LeaseWatch {
  const watch = new LeaseWatch({
    steadyNow: server.fixture.clock.now,
    tickMs: 1,
    atOnceMax: 10,
    turnMs: 4,
    onError: () => undefined,
    isRefusing: () => server.store.health().state === "refusing",
    expire: async (thread, ownerUserId) => {
      const owner = ownerOf({ orgId: thread.orgId, ownerUserId });
      const { head } = await server.commands.execute(thread, owner, { kind: "expire_run" });
      return server.commands.leaseUntil(thread, head);
    },
  });
  t.after(() => watch.close());
  return watch;
}

const endsOf = async (server: CommandServer) => {
  const events = await server.events();
  return events.filter(({ type }) => type === "run_completed").map(({ payload }) => payload.reason);
};

test("RUN13 RUN16 a run that lapsed while the server was down is ended after its grace", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(start("run_1", { leaseSeconds: 30 }));
  await server.kill();
  server.fixture.clock.advance(seconds(86_400));
  await server.open();
  const { clock } = server.fixture;
  const watch = watchCommands(t, server);
  await watchRuns(server, (row) => watch.watch(row, row.ownerUserId, clock.now()));
  clock.advance(seconds(29));
  await eventually("it was looked at", () => watch.size === 1);
  assert.deepEqual(await endsOf(server), []);
  clock.advance(seconds(2));
  await eventually("it was ended", async () => (await endsOf(server)).length === 1);
  assert.deepEqual(await endsOf(server), ["lease_expired"]);
  await eventually("nothing is left to watch", () => watch.size === 0);
});

test("RUN14 RUN16 a restart finds the renewals, with and without events", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(start("run_1", { leaseSeconds: 900 }));
  server.fixture.clock.advance(seconds(600));
  await server.do(heartbeat);
  await server.kill();
  server.fixture.clock.advance(seconds(400));
  await server.open();
  const head = (await server.store.load(key))?.head;
  assert.ok(head);
  const { commands, fixture } = server;
  assert.equal(commands.leaseUntil(key, head), fixture.clock.now() + seconds(500));
});

test("RUN14 a renewal in memory outlives a commit that failed", async (t) => {
  const server = await new CommandServer(t).open();
  await server.do(start("run_1", { leaseSeconds: 60 }));
  server.fixture.clock.advance(seconds(10));
  await server.do(heartbeat);
  server.fixture.files.fail({ kind: "sync", path: /journal/, code: "ENOSPC" });
  await server.give(
    "lost",
    publish("run_1", [{ type: "custom", payload: { name: "a", data: 1 } }]),
  );
  assert.deepEqual(server.left, ["lost STORAGE_UNAVAILABLE"]);
  const head = (await server.store.load(key))?.head;
  assert.ok(head);
  assert.equal(
    server.commands.leaseUntil(key, head),
    server.fixture.clock.now() + seconds(60),
    "the frame that failed was a sign of life all the same",
  );
});

test("RUN13 runs of every org are found at a start, however alike their threads are", async (t) => {
  const server = await new CommandServer(t).open();
  const owner = (orgId: string) => ownerOf({ orgId, ownerUserId: "alice" });
  const orgs = Array.from({ length: 1_203 }, (_, index) => `org${index}`);
  await Promise.all(
    orgs.map((orgId) => {
      return server.commands.execute({ ...key, orgId }, owner(orgId), start("run_1").command);
    }),
  );
  await server.do(create());
  const found = new Set<string>();
  await watchRuns(server, (row) => found.add(row.orgId));
  assert.equal(found.size, orgs.length);
});
