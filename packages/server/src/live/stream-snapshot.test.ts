/** The first frame of the live stream: its fields, its caps, and paging back from it. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { pageBytesMax, snapshotEventsMax } from "@spool/protocol/limits";
import { Snapshot } from "@spool/protocol/live-frames";
import { validatorOf } from "@spool/protocol/validator";
import { PROTOCOL_VERSION } from "@spool/protocol/version";
import {
  compaction,
  message,
  newIds,
  runCompleted,
  runStarted,
  startedThread,
} from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { positionOfLine, type TestWatcher, watch } from "../testing/test-watcher.ts";
import { historyOf, longThread, publishAll, storedLines } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function open(threadId: string, query: Record<string, string> = {}): Promise<TestWatcher> {
  return watch(server, { threadId, key: server.keys.owner, query });
}

const snapshotFields = [
  "type",
  "protocol_version",
  "threadId",
  "access",
  "resumed",
  "thread",
  "events",
  "sequence",
  "position",
  "inFlight",
  "hasMore",
  "nextCursor",
];

/** Pages from `cursor` to its end; gives the events in the order of the pages. */
async function pagesFrom(threadId: string, cursor: string | null) {
  const path = `/v1/threads/${threadId}/events`;
  const events: { sequence: number }[] = [];
  let next = cursor;
  while (next !== null) {
    const query = `limit=500&cursor=${encodeURIComponent(next)}`;
    const page = await server.request("GET", `${path}?${query}`, { key: server.keys.owner });
    assert.equal(page.status, 200, page.bytes.toString());
    events.push(...page.body.data.events);
    next = page.body.meta.nextCursor;
  }
  return events;
}

/** From `last` down to 1. */
function countdown(last: number): number[] {
  return Array.from({ length: last }, (_, index) => last - index);
}

test("LIVE1 the first frame is the snapshot with all its fields", async () => {
  const { threadId } = await startedThread(server, { count: 3, title: "A talk" });
  const watcher = await open(threadId);
  const { snapshot } = watcher;
  assert.deepEqual(Object.keys(snapshot).toSorted(), snapshotFields.toSorted());
  const { events, thread, position, ...rest } = snapshot;
  assert.deepEqual(rest, {
    type: "snapshot",
    protocol_version: PROTOCOL_VERSION,
    threadId,
    access: "owner",
    resumed: false,
    sequence: 4,
    inFlight: null,
    hasMore: false,
    nextCursor: null,
  });
  const read = await server.request("GET", `/v1/threads/${threadId}`, { key: server.keys.owner });
  assert.deepEqual(thread, read.body.data.thread);
  assert.deepEqual(events, read.body.data.events);
  assert.equal(position, read.body.data.position);
  assert.equal(validatorOf(Snapshot)(snapshot), null);
  await watcher.leave();
});

test("LIVE1 WIRE14 the snapshot of an empty thread has no events and the position before the first", async () => {
  const { threadId } = newIds();
  const body = { id: threadId };
  await server.request("POST", "/v1/threads", { key: server.keys.owner, body });
  const watcher = await open(threadId);
  const { events, sequence, position, inFlight, hasMore, nextCursor } = watcher.snapshot;
  assert.deepEqual(
    { events, sequence, position, inFlight, hasMore, nextCursor },
    {
      events: [],
      sequence: 0,
      position: "0.00000000",
      inFlight: null,
      hasMore: false,
      nextCursor: null,
    },
  );
  await publishAll(server, newRun(threadId), [runStarted()]);
  await watcher.untilSequence(1);
  await watcher.leave();
});

function newRun(threadId: string) {
  return { threadId, runId: newIds().runId };
}

test("LIVE1 every frame behind the snapshot carries threadId, and its events are spliced in as stored", async () => {
  const ids = await startedThread(server, { count: 1 });
  const watcher = await open(ids.threadId);
  await publishAll(server, ids, [message("more"), runCompleted()]);
  await server.request("PATCH", `/v1/threads/${ids.threadId}`, {
    key: server.keys.owner,
    body: { title: "Named", archived: true },
  });
  await watcher.until("the notices", ({ frames }) => frames.length === 5);
  for (const { frame } of watcher.frames) assert.equal(frame.threadId, ids.threadId);
  const lines = await storedLines(server, ids.threadId);
  const text = watcher.frames[0]?.text as string;
  assert.ok(text.includes(`"events":[${lines.slice(0, 2).join(",")}]`));
  await watcher.leave();
});

test("LIVE2 the snapshot covers the active rollout alone", async () => {
  const ids = await startedThread(server, { count: 2 });
  await publishAll(server, ids, [...compaction("so far"), message("after it")]);
  const watcher = await open(ids.threadId);
  const { events, sequence, hasMore, nextCursor } = watcher.snapshot;
  assert.deepEqual(
    events.map(({ type }: { type: string }) => type),
    ["compaction_completed", "assistant_message"],
  );
  assert.deepEqual(
    { sequence, hasMore, nextCursor },
    { sequence: 6, hasMore: false, nextCursor: null },
  );
  await watcher.leave();
});

test("LIVE9 include=all_rollouts makes the snapshot cover the whole history", async () => {
  const ids = await startedThread(server, { count: 2 });
  await publishAll(server, ids, [...compaction("one"), message("a"), ...compaction("two")]);
  const watcher = await open(ids.threadId, { include: "all_rollouts" });
  assert.equal(watcher.snapshot.hasMore, false);
  await publishAll(server, ids, [message("live")]);
  await watcher.untilSequence(9);
  assert.deepEqual(
    watcher.events.map(({ text }) => text),
    await historyOf(server, ids.threadId),
  );
  await watcher.leave();
});

test("LIVE2 PAGE9 beyond 5,000 events the newest come, and nextCursor pages back to the very first", async () => {
  const ids = await startedThread(server, { count: 299 });
  await publishAll(server, ids, compaction("the beginning"));
  const messages = Array.from({ length: 5_198 }, (_, index) => message(`m${index}`));
  const last = await publishAll(server, ids, messages);
  assert.equal(last, 5_500);

  const all = await open(ids.threadId, { include: "all_rollouts" });
  const { events, hasMore, nextCursor, sequence, position } = all.snapshot;
  assert.equal(events.length, snapshotEventsMax);
  assert.deepEqual([events[0].sequence, sequence, hasMore], [501, last, true]);
  const lines = await storedLines(server, ids.threadId);
  assert.equal(position, positionOfLine(last, lines.at(-1) as string));
  const older = await pagesFrom(ids.threadId, nextCursor);
  assert.deepEqual(
    older.map((event) => event.sequence),
    countdown(500),
  );

  // The active rollout holds 5,199: the walk ends at its first event, not at the thread's.
  const active = await open(ids.threadId);
  assert.equal(active.snapshot.events[0].sequence, 501);
  const inRollout = await pagesFrom(ids.threadId, active.snapshot.nextCursor);
  assert.deepEqual(
    inRollout.map((event) => event.sequence),
    countdown(500).slice(0, 500 - 301),
  );
  await Promise.all([all.leave(), active.leave()]);
});

test("LIVE2 exactly 5,000 events come whole, without a cursor", async () => {
  const ids = await longThread(server, snapshotEventsMax);
  const watcher = await open(ids.threadId);
  const { events, hasMore, nextCursor } = watcher.snapshot;
  assert.deepEqual([events.length, hasMore, nextCursor], [snapshotEventsMax, false, null]);
  await watcher.leave();
});

test("LIVE2 PAGE9 beyond 8 MiB the newest come, as many as fit, and nextCursor pages back to the first", async () => {
  const ids = await startedThread(server);
  const large = "x".repeat(300_000);
  for (let batch = 0; batch < 2; batch += 1) {
    await publishAll(
      server,
      ids,
      Array.from({ length: 20 }, () => message(large)),
    );
  }
  const watcher = await open(ids.threadId);
  const { events, hasMore, nextCursor, sequence } = watcher.snapshot;
  assert.deepEqual([sequence, hasMore, events.at(-1).sequence], [41, true, 41]);
  const lines = await storedLines(server, ids.threadId);
  const first = events[0].sequence;
  const bytesFrom = (from: number) => Buffer.byteLength(lines.slice(from - 1).join(""));
  assert.ok(bytesFrom(first) <= pageBytesMax, "it fits");
  assert.ok(bytesFrom(first - 1) > pageBytesMax - 1_000, "no more would have");
  const older = await pagesFrom(ids.threadId, nextCursor);
  assert.deepEqual(
    older.map((event) => event.sequence),
    countdown(first - 1),
  );
  await watcher.leave();
});

test("LIVE2 PAGE9 nextCursor pages back to the same events however far the thread went on", async () => {
  const ids = await longThread(server, snapshotEventsMax + 10);
  const watcher = await open(ids.threadId);
  await publishAll(server, ids, [...compaction("turned"), message("beyond")]);
  await watcher.untilSequence(snapshotEventsMax + 13);
  const older = await pagesFrom(ids.threadId, watcher.snapshot.nextCursor);
  assert.deepEqual(
    older.map((event) => event.sequence),
    countdown(10),
  );
  await watcher.leave();
});
