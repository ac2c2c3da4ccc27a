/** A thread's history over HTTP: pages of events, snapshots, runs, rollouts, downloads (REST, PAGE). */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { crc32 } from "node:zlib";
import {
  compaction,
  message,
  newIds,
  publish,
  runCompleted,
  runStarted,
  startedThread,
  type TestFrame,
  walk,
} from "../testing/published-threads.ts";
import { startTestServer, type TestResponse, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

function get(path: string, headers: Record<string, string> = {}): Promise<TestResponse> {
  return server.request("GET", path, { key: server.keys.owner, headers });
}

function sequencesOf(answer: TestResponse): number[] {
  assert.equal(answer.status, 200, answer.bytes.toString());
  return answer.body.data.events.map(({ sequence }: { sequence: number }) => sequence);
}

/** The rollouts of a thread, oldest first. */
async function rolloutsOf(threadId: string) {
  const { body } = await get(`/v1/threads/${threadId}/rollouts`);
  return body.data.rollouts.toReversed();
}

/**
 * A thread of olivia's in three rollouts: events 1–4, 5–8 and 9–10. A rollout ends with
 * `compaction_started` and the next begins with `compaction_completed`.
 */
async function compactedThread(): Promise<{ threadId: string; runId: string }> {
  const ids = newIds("rol");
  const batches: TestFrame[][] = [
    [runStarted(), message("two"), message("three"), ...compaction("first")],
    [message("six"), message("seven"), ...compaction("second")],
    [message("ten")],
  ];
  for (const events of batches) {
    const answer = await publish(server, { ...ids, events });
    assert.equal(answer.status, 200, answer.bytes.toString());
  }
  return ids;
}

test("REST4 events come oldest first, 200 by default and 500 at most", async () => {
  const { threadId } = await startedThread(server, { count: 600 });
  const path = `/v1/threads/${threadId}/events`;
  const page = await get(path);
  assert.deepEqual(
    sequencesOf(page),
    Array.from({ length: 200 }, (_, index) => index + 1),
  );
  assert.equal(page.body.data.thread.sequence, 601);
  assert.equal(page.body.meta.hasMore, true);
  assert.equal(sequencesOf(await get(`${path}?limit=9999`)).length, 500);
  assert.equal((await get(`${path}?limit=0`)).body.error.code, "INVALID_REQUEST");
});

test("REST5 order, type, the active rollout, all of them, and one", async () => {
  const { threadId } = await compactedThread();
  const path = `/v1/threads/${threadId}/events`;
  const rollouts = await rolloutsOf(threadId);
  const [first, second] = rollouts.map(({ rolloutId }: { rolloutId: string }) => rolloutId);
  assert.deepEqual(sequencesOf(await get(path)), [9, 10]);
  assert.deepEqual(sequencesOf(await get(`${path}?order=desc`)), [10, 9]);
  assert.deepEqual(sequencesOf(await get(`${path}?rollout_id=${first}`)), [1, 2, 3, 4]);
  assert.deepEqual(sequencesOf(await get(`${path}?rollout_id=${second}&order=desc`)), [8, 7, 6, 5]);
  const all = sequencesOf(await get(`${path}?include=all_rollouts`));
  assert.deepEqual(all, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const typed = await get(`${path}?include=all_rollouts&type=assistant_message`);
  assert.deepEqual(sequencesOf(typed), [2, 3, 6, 7, 10]);
  assert.deepEqual(sequencesOf(await get(`${path}?type=no_such_type`)), []);
  const bad = ["order=up", "include=everything", "rollout_id=x", "type="];
  for (const query of bad) assert.equal((await get(`${path}?${query}`)).status, 400, query);
  assert.equal((await get(`${path}?include=all_rollouts&rollout_id=${first}`)).status, 400);
});

test("REST6 PAGE6 after gives what is past a sequence or position, over all rollouts", async () => {
  const { threadId } = await compactedThread();
  const path = `/v1/threads/${threadId}/events`;
  assert.deepEqual(sequencesOf(await get(`${path}?after=7`)), [8, 9, 10]);
  assert.deepEqual(sequencesOf(await get(`${path}?after=10`)), []);
  assert.deepEqual(sequencesOf(await get(`${path}?after=0.00000000&limit=2`)), [1, 2]);
  const { position } = (await get(`/v1/threads/${threadId}`)).body.data;
  assert.deepEqual(sequencesOf(await get(`${path}?after=${position}`)), []);
  const page = await get(`${path}?after=3&limit=3&type=assistant_message`);
  assert.deepEqual(sequencesOf(page), [6, 7, 10]);
  const first = await get(`${path}?after=2&limit=3`);
  assert.deepEqual(sequencesOf(first), [3, 4, 5]);
  const next = await get(`${path}?cursor=${first.body.meta.nextCursor}`);
  assert.deepEqual(sequencesOf(next), [6, 7, 8, 9, 10]);
  const together = ["order=asc", "order=desc", "cursor=x", "rollout_id=rol_x"];
  for (const query of together) {
    const answer = await get(`${path}?after=1&${query}`);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.code, "INVALID_REQUEST");
  }
});

test("PAGE7 WIRE14 after beyond the head or of another history is refused with the reason", async () => {
  const { threadId } = await startedThread(server, { count: 3 });
  const path = `/v1/threads/${threadId}/events`;
  const { rolloutId } = (await rolloutsOf(threadId))[0];
  const file = await get(`/v1/threads/${threadId}/rollouts/${rolloutId}.jsonl`);
  const line = file.bytes.toString().split("\n")[1] as string;
  const crc = crc32(line).toString(16).padStart(8, "0");
  assert.deepEqual(sequencesOf(await get(`${path}?after=2.${crc}`)), [3, 4]);
  for (const [after, reason] of [
    ["5", "beyond_head"],
    ["9007199254740991", "beyond_head"],
    ["2.00000001", "other_history"],
    ["4.00000001", "other_history"],
    ["0.00000001", "other_history"],
  ]) {
    const answer = await get(`${path}?after=${after}`);
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error.code, "INVALID_CURSOR");
    assert.equal(answer.body.error.details.reason, reason);
  }
  for (const after of ["x", "-1", "1.5", "1.ABCDEF00", "01", ""]) {
    assert.equal((await get(`${path}?after=${after}`)).status, 400, after);
  }
});

test("REST7 PAGE9 a snapshot has the newest events ascending, its cursor goes back", async () => {
  const { threadId } = await compactedThread();
  const path = `/v1/threads/${threadId}`;
  const snapshot = await get(path);
  const { thread, events, ...rest } = snapshot.body.data;
  assert.deepEqual(sequencesOf(snapshot), [9, 10]);
  assert.equal(thread.sequence, 10);
  const position = `10.${crc32(JSON.stringify(events[1])).toString(16).padStart(8, "0")}`;
  assert.deepEqual(rest, { inFlight: null, access: "owner", sequence: 10, position });
  assert.deepEqual(snapshot.body.meta.nextCursor, null);
  const all = await get(`${path}?include=all_rollouts&limit=3`);
  assert.deepEqual(sequencesOf(all), [8, 9, 10]);
  const older = await get(`${path}/events?limit=4&cursor=${all.body.meta.nextCursor}`);
  assert.deepEqual(sequencesOf(older), [7, 6, 5, 4]);
  const oldest = await get(`${path}/events?cursor=${older.body.meta.nextCursor}`);
  assert.deepEqual(sequencesOf(oldest), [3, 2, 1]);
  assert.equal(oldest.body.meta.nextCursor, null);
  assert.equal((await get(`${path}?after=1`)).status, 400);
});

test("REST7 the snapshot of an empty thread stands before the first event", async () => {
  const created = await server.request("POST", "/v1/threads", { key: server.keys.owner, body: {} });
  const snapshot = await get(`/v1/threads/${created.body.data.thread.id}`);
  const { events, sequence, position } = snapshot.body.data;
  assert.deepEqual(
    { events, sequence, position },
    { events: [], sequence: 0, position: "0.00000000" },
  );
});

test("PAGE3 walking gives every event once and in order, either way", async () => {
  const { threadId } = await startedThread(server, { count: 30 });
  const path = `/v1/threads/${threadId}/events`;
  const expected = Array.from({ length: 31 }, (_, index) => index + 1);
  const numbers = (rows: { sequence: number }[]) => rows.map(({ sequence }) => sequence);
  const up = await walk(server, `${path}?limit=7`, { name: "events" });
  assert.deepEqual(numbers(up), expected);
  const down = await walk(server, `${path}?limit=7&order=desc`, { name: "events" });
  assert.deepEqual(numbers(down), expected.toReversed());
});

test("PAGE4 a cursor stays valid across compaction and goes on in its own rollout", async () => {
  const { threadId, runId } = await startedThread(server, { count: 5 });
  const path = `/v1/threads/${threadId}/events`;
  const first = await get(`${path}?limit=2`);
  await publish(server, { threadId, runId, events: compaction("so far") });
  const next = await get(`${path}?cursor=${first.body.meta.nextCursor}`);
  assert.deepEqual(sequencesOf(next), [3, 4, 5, 6, 7]);
  assert.equal(next.body.meta.nextCursor, null);
});

test("PAGE4 PAGE5 a cursor with other parameters, of another thread, user or list is refused", async () => {
  const { threadId } = await startedThread(server, { count: 5 });
  const other = await startedThread(server, { count: 5 });
  const path = `/v1/threads/${threadId}`;
  const page = await get(`${path}/events?limit=2&type=assistant_message&order=asc`);
  const { nextCursor } = page.body.meta;
  const repeated = `${path}/events?cursor=${nextCursor}&type=assistant_message&order=asc&limit=1`;
  assert.equal((await get(repeated)).status, 200);
  const refused = [
    await get(`${path}/events?cursor=${nextCursor}&order=desc`),
    await get(`${path}/events?cursor=${nextCursor}&type=custom`),
    await get(`${path}/events?cursor=${nextCursor}&include=all_rollouts`),
    await get(`${path}/events?cursor=${nextCursor}&rollout_id=rol_other`),
    await get(`/v1/threads/${other.threadId}/events?cursor=${nextCursor}`),
    await get(`${path}/runs?cursor=${nextCursor}`),
    await get(`/v1/threads?cursor=${nextCursor}`),
    await server.request("GET", `${path}/events?cursor=${nextCursor}`, { key: server.keys.member }),
    await get(`${path}/events?cursor=${nextCursor.replace(/.$/, "")}`),
    await get(`${path}/events?cursor=%00`),
  ];
  for (const { status, body } of refused) {
    assert.equal(status, 400);
    assert.equal(body.error.code, "INVALID_CURSOR");
  }
});

test("PAGE2 a page ends early at 8 MiB, and never before its first row", async () => {
  const { threadId, runId } = await startedThread(server);
  const size = 3 * 1024 * 1024;
  for (let count = 0; count < 4; count += 1) {
    await publish(server, { threadId, runId, events: [message("x".repeat(size))] });
  }
  await publish(server, { threadId, runId, events: [message("y".repeat(8 * 1024 * 1024 - 300))] });
  const path = `/v1/threads/${threadId}/events`;
  const page = await get(path);
  assert.deepEqual(sequencesOf(page), [1, 2, 3]);
  const second = await get(`${path}?cursor=${page.body.meta.nextCursor}`);
  assert.deepEqual(sequencesOf(second), [4, 5]);
  const third = await get(`${path}?cursor=${second.body.meta.nextCursor}`);
  assert.deepEqual(sequencesOf(third), [6]);
  assert.equal(third.body.meta.nextCursor, null);
});

test("PAGE2 a page of runs ends early at 8 MiB too", async () => {
  const { threadId } = newIds();
  const metadata = { filler: "x".repeat(5 * 1024 * 1024) };
  for (let count = 0; count < 3; count += 1) {
    const runId = `run_big${count}`;
    await publish(server, { threadId, runId, events: [runStarted({ metadata }), runCompleted()] });
  }
  const page = await get(`/v1/threads/${threadId}/runs`);
  assert.equal(page.body.data.runs.length, 1);
  const all = await walk(server, `/v1/threads/${threadId}/runs`, { name: "runs" });
  assert.deepEqual(
    all.map(({ runId }) => runId),
    ["run_big2", "run_big1", "run_big0"],
  );
});

test("REST9 THR1 runs come newest first, with the figures of their own events", async () => {
  const { threadId } = newIds();
  const one = { threadId, runId: "run_one" };
  await publish(server, { ...one, events: [runStarted({ metadata: { a: 1 } }), message("x")] });
  await publish(server, { ...one, events: [runCompleted({ status: "failed", reason: "tired" })] });
  await publish(server, { threadId, runId: "run_two", events: [runStarted(), message("y")] });
  const { runs, thread } = (await get(`/v1/threads/${threadId}/runs`)).body.data;
  assert.equal(thread.activeRunId, "run_two");
  const [two, first] = runs;
  assert.deepEqual(
    { ...first, startedAt: "", completedAt: "" },
    {
      runId: "run_one",
      status: "failed",
      reason: "tired",
      startedAt: "",
      completedAt: "",
      runSequence: 3,
      firstSequence: 1,
      lastSequence: 3,
      leaseExpiresAt: first.leaseExpiresAt,
      metadata: { a: 1 },
    },
  );
  assert.deepEqual([two.status, two.completedAt, two.firstSequence], ["running", null, 4]);
  const paged = await walk(server, `/v1/threads/${threadId}/runs?limit=1`, { name: "runs" });
  assert.deepEqual(paged, runs);
});

test("REST9 THR1 ROL4 rollouts come newest first, with the figures of their own events", async () => {
  const { threadId } = await compactedThread();
  const { body } = await get(`/v1/threads/${threadId}/rollouts`);
  const { rollouts, thread } = body.data;
  const figures = rollouts.map((rollout: Record<string, unknown>) => {
    const { index, active, eventCount, firstSequence, lastSequence } = rollout;
    return [index, active, eventCount, firstSequence, lastSequence];
  });
  assert.deepEqual(figures, [
    [2, true, 2, 9, 10],
    [1, false, 4, 5, 8],
    [0, false, 4, 1, 4],
  ]);
  assert.equal(rollouts[0].rolloutId, thread.activeRolloutId);
  assert.equal(rollouts[0].completedAt, null);
  assert.equal(rollouts[2].threadId, threadId);
  for (const { rolloutId, bytes } of rollouts) {
    const file = await get(`/v1/threads/${threadId}/rollouts/${rolloutId}.jsonl`);
    assert.equal(file.bytes.length, bytes);
  }
  const paged = await walk(server, `/v1/threads/${threadId}/rollouts?limit=1`, {
    name: "rollouts",
  });
  assert.deepEqual(paged, rollouts);
  const created = await server.request("POST", "/v1/threads", { key: server.keys.owner, body: {} });
  const empty = await get(`/v1/threads/${created.body.data.thread.id}/rollouts`);
  const [only] = empty.body.data.rollouts;
  assert.deepEqual(
    [only.eventCount, only.firstSequence, only.lastSequence, only.bytes],
    [0, null, null, 0],
  );
});

test("REST10 LOG2 a download is the stored lines, the same bytes as in a page of events", async () => {
  const { threadId } = await compactedThread();
  const events = await get(`/v1/threads/${threadId}/events?include=all_rollouts`);
  let lines = "";
  for (const { rolloutId } of await rolloutsOf(threadId)) {
    const file = await get(`/v1/threads/${threadId}/rollouts/${rolloutId}.jsonl`);
    assert.equal(file.headers["content-type"], "application/x-ndjson");
    assert.equal(file.headers["content-length"], String(file.bytes.length));
    lines += file.bytes.toString();
  }
  const joined = lines.trimEnd().replaceAll("\n", ",");
  assert.ok(events.bytes.toString().includes(`"events":[${joined}]`));
});

test("REST11 a closed rollout has a strong ETag and never changes; the active one has none", async () => {
  const { threadId } = await compactedThread();
  const [closed, , active] = await rolloutsOf(threadId);
  const path = `/v1/threads/${threadId}/rollouts`;
  const file = await get(`${path}/${closed.rolloutId}.jsonl`);
  const { etag } = file.headers as { etag: string };
  assert.match(etag, /^"[^"]+"$/);
  assert.equal(file.headers["cache-control"], "private, max-age=31536000, immutable");
  for (const condition of [etag, `"x", W/${etag}`, "*"]) {
    const same = await get(`${path}/${closed.rolloutId}.jsonl`, { "If-None-Match": condition });
    assert.equal(same.status, 304);
    assert.equal(same.headers.etag, etag);
    assert.equal(same.bytes.length, 0);
  }
  const changed = await get(`${path}/${closed.rolloutId}.jsonl`, { "If-None-Match": '"else"' });
  assert.equal(changed.status, 200);
  const growing = await get(`${path}/${active.rolloutId}.jsonl`, { "If-None-Match": "*" });
  assert.equal(growing.status, 200);
  assert.equal(growing.headers.etag, undefined);
  assert.equal(growing.headers["cache-control"], "private, no-cache");
});

test("REST11 Range gives parts: from, to, from the end, and 416 beyond it", async () => {
  const { threadId } = await compactedThread();
  const [closed, , active] = await rolloutsOf(threadId);
  for (const { rolloutId } of [closed, active]) {
    const path = `/v1/threads/${threadId}/rollouts/${rolloutId}.jsonl`;
    const whole = (await get(path)).bytes;
    const size = whole.length;
    for (const [range, start, end] of [
      ["bytes=0-0", 0, 1],
      ["bytes=5-20", 5, 21],
      ["bytes=7-", 7, size],
      ["bytes=-9", size - 9, size],
      [`bytes=-${size * 2}`, 0, size],
      [`bytes=3-${size * 2}`, 3, size],
    ] as const) {
      const part = await get(path, { Range: range });
      assert.equal(part.status, 206, range);
      assert.equal(part.headers["content-range"], `bytes ${start}-${end - 1}/${size}`);
      assert.ok(part.bytes.equals(whole.subarray(start, end)), range);
    }
    for (const range of [`bytes=${size}-`, "bytes=-0"]) {
      const beyond = await get(path, { Range: range });
      assert.equal(beyond.status, 416);
      assert.equal(beyond.headers["content-range"], `bytes */${size}`);
      assert.equal(beyond.body.error.code, "INVALID_REQUEST");
    }
    for (const range of ["bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,3-4", "x"]) {
      assert.equal((await get(path, { Range: range })).status, 200, range);
    }
  }
});

test("REST11 If-Range: the part while it is the same, else all; HEAD tells without sending", async () => {
  const { threadId } = await compactedThread();
  const [closed, , active] = await rolloutsOf(threadId);
  const path = `/v1/threads/${threadId}/rollouts`;
  const { etag } = (await get(`${path}/${closed.rolloutId}.jsonl`)).headers as { etag: string };
  const range = { Range: "bytes=0-3" };
  const part = await get(`${path}/${closed.rolloutId}.jsonl`, { ...range, "If-Range": etag });
  assert.equal(part.status, 206);
  const all = await get(`${path}/${closed.rolloutId}.jsonl`, { ...range, "If-Range": '"old"' });
  assert.equal(all.status, 200);
  const grown = await get(`${path}/${active.rolloutId}.jsonl`, { ...range, "If-Range": etag });
  assert.equal(grown.status, 200);
  const head = await server.request("HEAD", `${path}/${closed.rolloutId}.jsonl`, {
    key: server.keys.owner,
  });
  assert.equal(head.bytes.length, 0);
  assert.equal(head.headers["content-length"], String(closed.bytes));
  assert.equal(head.headers.etag, etag);
});

test("REST14 a rollout that is not the thread's is 404 ROLLOUT_NOT_FOUND", async () => {
  const { threadId } = await compactedThread();
  const other = await startedThread(server);
  const { rolloutId } = (await rolloutsOf(other.threadId))[0];
  for (const path of [
    `/v1/threads/${threadId}/rollouts/${rolloutId}.jsonl`,
    `/v1/threads/${threadId}/rollouts/rol_none.jsonl`,
    `/v1/threads/${threadId}/events?rollout_id=${rolloutId}`,
  ]) {
    const answer = await get(path);
    assert.equal(answer.status, 404);
    assert.equal(answer.body.error.code, "ROLLOUT_NOT_FOUND");
  }
  const missing = await get(`/v1/threads/thr_none/rollouts/${rolloutId}.jsonl`);
  assert.equal(missing.body.error.code, "THREAD_NOT_FOUND");
});

test("REST12 a thread's own address takes durable frames of that thread only", async () => {
  const { threadId, runId } = await startedThread(server);
  const path = `/v1/threads/${threadId}/events`;
  const { rolloutId } = (await rolloutsOf(threadId))[0];
  const post = (body: object) => server.request("POST", path, { key: server.keys.owner, body });
  const plain = await post({ runId, ...message("x") });
  assert.equal(plain.status, 200);
  assert.equal(plain.body.data.appended, 1);
  const named = await post({ threadId, runId, events: [message("y"), message("z")] });
  assert.equal(named.body.data.sequence, 4);
  const wrong = await post({ threadId: "thr_else", runId, ...message("x") });
  assert.equal(wrong.body.error.code, "INVALID_FRAME");
  const delta = { type: "assistant_message_delta", payload: { messageId: "m", delta: "d" } };
  const transient = await post({ runId, rolloutId, ...delta, sequenceNumber: 1 });
  assert.equal(transient.status, 400);
  assert.equal(transient.body.error.code, "TRANSIENT_NOT_ALLOWED");
});

test("REST13 PUB9 the publishing address takes one frame or a batch, transient ones too", async () => {
  const { threadId, runId } = await startedThread(server);
  const { rolloutId } = (await rolloutsOf(threadId))[0];
  const delta = { type: "assistant_message_delta", payload: { messageId: "m", delta: "d" } };
  const answer = await server.request("POST", "/v1/thread-events", {
    key: server.keys.runner,
    body: { threadId, runId, rolloutId, events: [{ ...delta, sequenceNumber: 1 }, message("x")] },
  });
  assert.deepEqual(answer.body.data, {
    threadId,
    runId,
    rolloutId,
    sequence: 2,
    runSequence: 2,
    appended: 1,
    duplicates: 0,
    delivered: 1,
  });
});

test("PUB19 a bad frame is INVALID_FRAME with its place, and nothing of the batch is kept", async () => {
  const { threadId, runId } = await startedThread(server);
  const events = [message("x"), { type: "tool_call", payload: { toolCallId: "c" } }];
  const answer = await publish(server, { threadId, runId, events });
  assert.equal(answer.status, 400);
  assert.equal(answer.body.error.code, "INVALID_FRAME");
  const { index, path, problem } = answer.body.error.details;
  assert.deepEqual([index, path, problem], [1, "/payload", 'lacks the field "name"']);
  assert.equal((await get(`/v1/threads/${threadId}`)).body.data.sequence, 1);
});

test("LOG7 RUN8 after a restart threads, runs and history are as they were", async () => {
  const { threadId, runId } = await compactedThread();
  const paths = ["", "/events?include=all_rollouts", "/runs", "/rollouts"];
  const read = async () => {
    const answers = await Promise.all(paths.map((path) => get(`/v1/threads/${threadId}${path}`)));
    return answers.map(({ body }) => body.data);
  };
  const before = await read();
  await server.restart();
  assert.deepEqual(await read(), before);
  const again = await publish(server, { threadId, runId, events: [message("eleven")] });
  assert.equal(again.body.data.sequence, 11);
});
