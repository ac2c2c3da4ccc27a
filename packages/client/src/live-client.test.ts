/** Many threads, the list and publishing over one socket, against a real server. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Event } from "@spool/protocol/resources";
import { eventually } from "../../server/src/testing/eventually.ts";
import { startTestServer, type TestServer } from "../../server/src/testing/test-server.ts";
import type { ListChange } from "./list-watch.ts";
import { LiveClient } from "./live-client.ts";
import type { LinkState } from "./live-link.ts";
import { SpoolClient } from "./spool-client.ts";
import { type DroppingProxy, startDroppingProxy } from "./testing/dropping-proxy.ts";
import { freePort } from "./testing/free-port.ts";

let server: TestServer;
let proxy: DroppingProxy;
let client: SpoolClient;
let live: LiveClient;
let states: LinkState[];
before(async () => {
  server = await startTestServer({ flags: { port: String(await freePort()) } });
  proxy = await startDroppingProxy(server.port);
  client = clientOf(server.keys.owner);
});
beforeEach(() => {
  states = [];
  live = new LiveClient(client, { onState: (state) => states.push(state), random: () => 0 });
});
afterEach(async () => {
  live.close();
  await eventually("the connection ended", () => live.state.state === "idle");
});
after(async () => {
  await proxy.close();
  await server.close();
});

const clientOf = (apiKey: string) => new SpoolClient({ url: proxy.url, credential: { apiKey } });
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const names = () => states.map(({ state }) => state);

/** Adds frames without a run. */
async function add(threadId: string, count: number): Promise<void> {
  const events = upTo(count).map((data) => ({ type: "custom", payload: { name: "n", data } }));
  await client.publish({ threadId, runId: null, events });
}

/** Follows a thread and keeps the sequences that came. */
function follow(threadId: string, options: { after?: number } = {}) {
  const sequences: number[] = [];
  const ends: unknown[] = [];
  const take = (events: readonly Event[]) => sequences.push(...events.map((e) => e.sequence));
  const stop = live.follow(
    threadId,
    {
      onFrame: (received) => {
        if (received.kind === "snapshot") take(received.frame.events);
        if (received.kind === "event") take([received.frame]);
      },
      onEnd: (error) => ends.push(error),
    },
    options,
  );
  return { sequences, ends, stop };
}

test("LIVE5 LIVE14 many threads share a socket, each resumes by itself when it is lost", async () => {
  const ids = upTo(20).map((number) => `thr_s${number}`);
  for (const id of ids) {
    await client.threads.create({ id });
    await add(id, 2);
  }
  const watches = ids.map((id) => follow(id));
  await eventually("the snapshots came", () => watches.every((w) => w.sequences.length === 2));
  assert.equal(proxy.drop() >= 1, true);
  for (const id of ids) await add(id, 3);
  await eventually("the rest came", () => watches.every((w) => w.sequences.length === 5));
  await server.restart();
  for (const id of ids) await add(id, 1);
  await eventually("all came", () => watches.every((w) => w.sequences.length === 6));
  for (const { sequences } of watches) assert.deepEqual(sequences, upTo(6));
  assert.deepEqual(names().slice(0, 5), ["connecting", "live", "offline", "connecting", "live"]);
  for (const { stop } of watches) stop();
  await eventually("each ended", () => watches.every(({ ends }) => ends[0] === null));
  assert.equal(live.state.state, "idle");
});

test("LIVE3 a subscription begins where the caller is, and again after it was left", async () => {
  await client.threads.create({ id: "thr_again" });
  await add("thr_again", 4);
  const others = follow("thr_again");
  await eventually("it came", () => others.sequences.length === 4);
  for (const after of [3, 2, 1]) {
    const watch = follow("thr_again", { after });
    const expected = upTo(4).slice(after);
    await eventually("the rest came", () => watch.sequences.length === expected.length);
    assert.deepEqual(watch.sequences, expected);
    watch.stop();
  }
  others.stop();
  await eventually("it ended", () => others.ends.length === 1);
  for (let round = 0; round < 5; round += 1) {
    const watch = follow("thr_again", { after: 2 });
    await eventually("events came", () => watch.sequences.length === 2);
    watch.stop();
  }
});

test("LIVE13 DEL5 a refused thread ends its subscription only, so does a deleted one", async () => {
  await client.threads.create({ id: "thr_kept" });
  await client.threads.create({ id: "thr_gone" });
  const [kept, gone, none] = [follow("thr_kept"), follow("thr_gone"), follow("thr_none")];
  await eventually("one is refused", () => none.ends.length === 1);
  assert.equal((none.ends[0] as { code?: string }).code, "THREAD_NOT_FOUND");
  await add("thr_gone", 1);
  await eventually("it is watched", () => gone.sequences.length === 1);
  await client.threads.delete("thr_gone");
  await eventually("one is deleted", () => gone.ends.length === 1);
  assert.equal(gone.ends[0], null);
  await add("thr_kept", 1);
  await eventually("the other goes on", () => kept.sequences.length === 1);
  kept.stop();
});

test("AUTH4 AUTH14 a credential that is refused ends everything with its error", async () => {
  for (const [key, code] of [
    ["rt_live_wrong", "INVALID_CREDENTIALS"],
    [server.keys.runner, "INSUFFICIENT_SCOPE"],
  ] as const) {
    const other = new LiveClient(clientOf(key));
    await assert.rejects(
      async () => {
        for await (const { kind } of other.subscribe("thr_kept")) assert.fail(kind);
      },
      { code },
    );
    other.close();
  }
});

test("THR5 the list comes whole, then its changes, and whole again after a lost connection", async () => {
  await client.threads.create({ id: "thr_old", title: "old" });
  const changes: ListChange[] = [];
  const stop = new AbortController();
  const done = (async () => {
    for await (const change of live.watchList({ signal: stop.signal })) changes.push(change);
  })();
  const lists = () => changes.flatMap((one) => (one.kind === "list" ? [one.threads] : []));
  await eventually("the list came", () => lists().length === 1);
  assert.ok(lists()[0]?.some(({ id }) => id === "thr_old"));
  await client.threads.create({ id: "thr_new" });
  await client.threads.update("thr_old", { title: "renamed" });
  await client.threads.delete("thr_new");
  const isThere = (holds: (change: ListChange) => boolean) => changes.some(holds);
  await eventually("the changes came", () => {
    const renamed = (c: ListChange) => c.kind === "upserted" && c.thread.title === "renamed";
    const deleted = (c: ListChange) => c.kind === "deleted" && c.threadId === "thr_new";
    return isThere(renamed) && isThere(deleted);
  });
  proxy.drop();
  await client.threads.create({ id: "thr_meanwhile" });
  await eventually("the list came again", () => lists().length === 2);
  assert.ok(lists()[1]?.some(({ id }) => id === "thr_meanwhile"));
  stop.abort();
  await done;
});

test("LIVE11 a silent connection is asked, and kept while it answers", async () => {
  const quiet = new LiveClient(client, { silenceMs: 20, onState: (state) => states.push(state) });
  await client.threads.create({ id: "thr_quiet" });
  const stop = new AbortController();
  for await (const received of quiet.subscribe("thr_quiet", { signal: stop.signal })) {
    if (received.kind === "snapshot") setTimeout(() => stop.abort(), 150);
  }
  assert.deepEqual(names(), ["connecting", "live", "idle"]);
});

test("AUTH1 a token opens the shared connection, and is fetched anew for each", async () => {
  let tokens = 0;
  const token = async () => {
    tokens += 1;
    return (await client.account.createSessionToken()).token;
  };
  const other = new LiveClient(new SpoolClient({ url: proxy.url, credential: { token } }));
  await client.threads.create({ id: "thr_token" });
  for (let round = 1; round <= 2; round += 1) {
    for await (const { kind } of other.subscribe("thr_token")) {
      assert.equal(kind, "snapshot");
      break;
    }
    assert.equal(tokens, round);
  }
});
