/** Coming back with `after`: what follows, and what happens when the history is another one. */
import { strict as assert } from "node:assert";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pageBytesMax, snapshotEventsMax } from "@spool/protocol/limits";
import { type KillableServer, startKillableServer } from "../testing/killable-server.ts";
import {
  compaction,
  message,
  newIds,
  runStarted,
  startedThread,
  type TestFrame,
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

function sequencesOf({ events }: TestWatcher): number[] {
  return events.map(({ sequence }) => sequence);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** A thread of three rollouts: events 1–4, 5–7 and 8–9. */
async function threeRollouts() {
  const ids = await startedThread(server, { count: 2 });
  await publishAll(server, ids, [...compaction("one"), message("six"), ...compaction("two")]);
  await publishAll(server, ids, [message("nine")]);
  return { ids, lines: await storedLines(server, ids.threadId) };
}

test("LIVE3 WIRE14 after takes a sequence or a position and counts over all rollouts", async () => {
  const { ids, lines } = await threeRollouts();
  for (const sequence of range(0, 9)) {
    const line = lines[sequence - 1];
    const position = line === undefined ? "0.00000000" : positionOfLine(sequence, line);
    for (const query of [String(sequence), position]) {
      const watcher = await open(ids.threadId, { after: query });
      const { resumed, reason, hasMore, nextCursor, ...rest } = watcher.snapshot;
      assert.deepEqual(
        { resumed, hasMore, nextCursor },
        { resumed: true, hasMore: false, nextCursor: null },
      );
      assert.equal(reason, undefined);
      assert.deepEqual(sequencesOf(watcher), range(sequence + 1, 9));
      assert.equal(rest.sequence, 9);
      assert.equal(rest.position, positionOfLine(9, lines[8] as string));
      await watcher.leave();
    }
  }
});

test("LIVE3 a resumed snapshot without events repeats the position of after", async () => {
  const { threadId } = await startedThread(server, { count: 5 });
  const first = await open(threadId);
  const { position } = first;
  await first.drop();
  for (const at of [position, "6"]) {
    const watcher = await open(threadId, { after: at });
    const { resumed, events, sequence } = watcher.snapshot;
    assert.deepEqual({ resumed, events, sequence }, { resumed: true, events: [], sequence: 6 });
    assert.equal(watcher.snapshot.position, position);
    await watcher.leave();
  }
  const empty = newIds().threadId;
  await server.request("POST", "/v1/threads", { key: server.keys.owner, body: { id: empty } });
  for (const at of ["0", "0.00000000"]) {
    const watcher = await open(empty, { after: at });
    const { resumed, sequence } = watcher.snapshot;
    assert.deepEqual([resumed, sequence, watcher.position], [true, 0, "0.00000000"]);
    await watcher.leave();
  }
});

test("LIVE3 include=all_rollouts and transient=false change nothing of where a resume goes on", async () => {
  const { ids } = await threeRollouts();
  for (const more of [{ include: "all_rollouts" }, { transient: "false" }]) {
    const watcher = await open(ids.threadId, { after: "3", ...more });
    assert.deepEqual(sequencesOf(watcher), range(4, 9));
    await watcher.leave();
  }
});

test("LIVE3 6,000 events back: the oldest 5,000 in the snapshot, then the rest, then what is live", async () => {
  const ids = await longThread(server, 2_000);
  await publishAll(server, ids, compaction("a third"));
  await publishAll(
    server,
    ids,
    range(2_003, 4_000).map((at) => message(`m${at}`)),
  );
  await publishAll(server, ids, compaction("two thirds"));
  const head = await publishAll(
    server,
    ids,
    range(4_003, 6_200).map((at) => message(`m${at}`)),
  );
  assert.equal(head, 6_200);
  const lines = await storedLines(server, ids.threadId);
  const from = positionOfLine(200, lines[199] as string);

  const opening = open(ids.threadId, { after: from });
  await publishAll(server, ids, [message("while it joins")]);
  const watcher = await opening;
  const { resumed, events, sequence, position, hasMore } = watcher.snapshot;
  assert.deepEqual(
    [resumed, events.length, sequence, hasMore],
    [true, snapshotEventsMax, 5_200, false],
  );
  assert.equal(position, positionOfLine(5_200, lines[5_199] as string));
  await publishAll(server, ids, [message("live")]);
  await watcher.untilSequence(6_202);
  assert.deepEqual(sequencesOf(watcher), range(201, 6_202));
  assert.deepEqual(
    watcher.events.map(({ text }) => text),
    (await historyOf(server, ids.threadId)).slice(200),
  );
  await watcher.leave();
});

test("LIVE3 more than 8 MiB behind after: the oldest that fit in the snapshot, the rest as frames", async () => {
  const ids = await startedThread(server);
  const large = "x".repeat(400_000);
  for (let batch = 0; batch < 2; batch += 1) {
    await publishAll(
      server,
      ids,
      range(1, 15).map((at) => message(`${at}${large}`)),
    );
  }
  const watcher = await open(ids.threadId, { after: "1" });
  const { events, sequence, hasMore } = watcher.snapshot;
  const bytes = Buffer.byteLength(JSON.stringify(events));
  assert.ok(bytes <= pageBytesMax + events.length && bytes > pageBytesMax - 500_000, `${bytes}`);
  assert.deepEqual([events[0].sequence, events.at(-1).sequence, hasMore], [2, sequence, false]);
  await watcher.untilSequence(31);
  assert.equal(
    watcher.position,
    positionOfLine(31, (await storedLines(server, ids.threadId))[30] as string),
  );
  await watcher.leave();
});

/** LIVE4: what a client gets whose place is not in this history. */
async function assertFullWithReason(watcher: TestWatcher, reason: string, events: number) {
  await watcher.until("resync_required", ({ frames }) => frames.length > 1);
  const { snapshot, frames } = watcher;
  assert.deepEqual([snapshot.resumed, snapshot.reason], [false, reason]);
  assert.equal(snapshot.events.length, events);
  assert.deepEqual(frames[1]?.frame, {
    type: "resync_required",
    threadId: snapshot.threadId,
    reason,
  });
}

test("LIVE4 after beyond the head gives the full snapshot with the reason, and resync_required", async () => {
  for (const place of ["5", "5.1a2b3c4d", "9007199254740991"]) {
    const ids = await startedThread(server, { count: 3 });
    const watcher = await open(ids.threadId, { after: place });
    await assertFullWithReason(watcher, "beyond_head", 4);
    await publishAll(server, ids, [message("on")]);
    await watcher.untilSequence(5);
    assert.deepEqual(sequencesOf(watcher), range(1, 5));
    await watcher.leave();
  }
});

test("LIVE4 a position this history does not hold gives the full snapshot, in the middle and at the head", async () => {
  const { ids, lines } = await threeRollouts();
  const foreign = [
    positionOfLine(9, "something else"),
    positionOfLine(4, lines[4] as string),
    "0.00000001",
  ];
  for (const place of foreign) {
    const watcher = await open(ids.threadId, { after: place });
    await assertFullWithReason(watcher, "other_history", 2);
    await watcher.leave();
    const whole = await open(ids.threadId, { after: place, include: "all_rollouts" });
    await assertFullWithReason(whole, "other_history", 9);
    await whole.leave();
  }
});

/** Publishes with the first admin's key to a server in a process of its own. */
async function publishTo(
  { url, key }: KillableServer,
  ids: { threadId: string; runId: string },
  events: readonly TestFrame[],
): Promise<void> {
  const answer = await fetch(`${url}/v1/thread-events`, {
    method: "POST",
    headers: { "X-API-Key": key, "Content-Type": "application/json" },
    body: JSON.stringify({ ...ids, events }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

test("LIVE4 a data directory replaced by an older copy is told from the history a client knew", async () => {
  const root = mkdtempSync(join(tmpdir(), "spool-older-"));
  const [data, older] = [join(root, "data"), join(root, "older")];
  const ids = newIds();
  let killable = await startKillableServer(data);
  try {
    await publishTo(killable, ids, [runStarted(), message("both")]);
    await killable.stop();
    cpSync(data, older, { recursive: true });

    killable = await startKillableServer(data);
    const request = { threadId: ids.threadId, key: killable.key };
    const common = await watch(killable, request);
    const shared = common.position;
    await publishTo(killable, ids, [message("lost"), message("lost too")]);
    await common.untilSequence(4);
    const lost = common.position;
    await killable.stop();
    rmSync(data, { recursive: true });
    cpSync(older, data, { recursive: true });

    killable = await startKillableServer(data);
    const beyond = await watch(killable, { ...request, query: { after: lost } });
    await assertFullWithReason(beyond, "beyond_head", 2);
    await publishTo(killable, ids, [message("new"), message("other"), message("third")]);
    await beyond.untilSequence(5);
    const other = await watch(killable, { ...request, query: { after: lost } });
    await assertFullWithReason(other, "other_history", 5);
    assert.ok(!JSON.stringify(other.events).includes("lost"));
    const same = await watch(killable, { ...request, query: { after: shared } });
    assert.deepEqual([same.snapshot.resumed, ...sequencesOf(same)], [true, 3, 4, 5]);
    await Promise.all([beyond.leave(), other.leave(), same.leave()]);
  } finally {
    await killable.kill();
    rmSync(root, { recursive: true, force: true });
  }
});
