/** Transient frames on the live stream: among the durable ones in order, and never in the history. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { liveTextsOf } from "../testing/live-texts.ts";
import {
  compaction,
  message,
  publish,
  runCompleted,
  startedThread,
  type TestFrame,
} from "../testing/published-threads.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";
import { type TestWatcher, watch } from "../testing/test-watcher.ts";
import { historyOf, publishAll } from "../testing/watched-threads.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

type Run = { readonly threadId: string; readonly runId: string; readonly rolloutId: string };

function open(run: Run, query: Record<string, string> = {}): Promise<TestWatcher> {
  return watch(server, { threadId: run.threadId, key: server.keys.owner, query });
}

/** A running thread, with the rollout transient frames have to name. */
async function startedRun(): Promise<Run> {
  const ids = await startedThread(server);
  const answer = await publish(server, { ...ids, events: [] });
  return { ...ids, rolloutId: answer.body.data.rolloutId };
}

function delta(sequenceNumber: number, text: string, more: object = {}): TestFrame {
  const payload = { messageId: "m1", delta: text, ...more };
  return { type: "assistant_message_delta", payload, sequenceNumber };
}

function transient(sequenceNumber: number, type: string, payload: object): TestFrame {
  return { type, payload, sequenceNumber };
}

/** Type and number of what came behind the snapshot. */
function shownBy({ tail }: TestWatcher): string[] {
  return tail.map(({ frame }) => `${frame.type} ${frame.sequence ?? `~${frame.sequenceNumber}`}`);
}

/** A frame behind the snapshot. */
function frameAt({ tail }: TestWatcher, index: number) {
  const received = tail[index];
  assert.ok(received);
  return received.frame;
}

test("LIVE7 PUB18 transient frames come among the durable ones in the order accepted", async () => {
  const run = await startedRun();
  const watcher = await open(run);
  const occurredAt = "2026-03-01T10:00:00+01:00";
  const answer = await publish(server, {
    ...run,
    events: [
      transient(2, "assistant_thinking_delta", { messageId: "m1", delta: "hm" }),
      { ...delta(3, "Hel"), occurredAt },
      message("an aside"),
      delta(7, "lo"),
      transient(8, "assistant_message_source", { messageId: "m1", source: { url: "u" } }),
      message("Hello", { messageId: "m1" }),
      transient(9, "tool_call_started", { toolCallId: "c1", name: "ls", input: { a: 1 } }),
      { type: "tool_call", payload: { toolCallId: "c1", name: "ls", input: { a: 1 } } },
      transient(10, "tool_output_delta", { toolCallId: "c1", delta: "x\n", stream: "stdout" }),
      transient(11, "tool_call_completed", { toolCallId: "c1", status: "ok" }),
      { type: "tool_result", payload: { toolCallId: "c1", output: "x\n" } },
    ],
  });
  assert.equal(answer.status, 200, answer.bytes.toString());
  assert.deepEqual([answer.body.data.appended, answer.body.data.delivered], [4, 7]);
  await watcher.untilSequence(5);
  assert.deepEqual(shownBy(watcher), [
    "assistant_thinking_delta ~2",
    "assistant_message_delta ~3",
    "assistant_message 2",
    "assistant_message_delta ~7",
    "assistant_message_source ~8",
    "assistant_message 3",
    "tool_call_started ~9",
    "tool_call 4",
    "tool_output_delta ~10",
    "tool_call_completed ~11",
    "tool_result 5",
  ]);
  const { threadId, runId, rolloutId } = run;
  const { payload, ...fields } = frameAt(watcher, 1);
  const type = "assistant_message_delta";
  assert.deepEqual(fields, { type, threadId, runId, rolloutId, sequenceNumber: 3, occurredAt });
  assert.equal(payload.delta, "Hel");
  const output = frameAt(watcher, 8).payload;
  assert.deepEqual([output.delta, output.stream], ["x\n", "stdout"]);
  await watcher.leave();
});

test("PUB13 THR5 transient frames are in no history and move neither sequence nor updatedAt", async () => {
  const run = await startedRun();
  const path = `/v1/threads/${run.threadId}`;
  const before = await server.request("GET", path, { key: server.keys.owner });
  const watcher = await open(run);
  await publishAll(server, run, [delta(1, "secretive"), delta(2, "words")]);
  await watcher.until("both", ({ tail }) => tail.length === 2);
  const now = await server.request("GET", path, { key: server.keys.owner });
  assert.deepEqual(now.body.data.thread, before.body.data.thread);
  assert.deepEqual(now.body.data.events, before.body.data.events);
  await publishAll(server, run, [runCompleted()]);
  await watcher.untilSequence(2);
  assert.ok(!(await historyOf(server, run.threadId)).join().includes("secretive"));
  await watcher.leave();
});

test("PUB18 LOG3 a transient frame accepted behind a durable one waits for its flush", async () => {
  const run = await startedRun();
  const watcher = await open(run);
  const request = (events: TestFrame[], more = "") => {
    const body = JSON.stringify({ ...run, events });
    return (
      `POST /v1/thread-events HTTP/1.1\r\nHost: a\r\nX-API-Key: ${server.keys.owner}\r\n${more}` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    );
  };
  const rounds = 20;
  for (let round = 1; round <= rounds; round += 1) {
    const messages = Array.from({ length: 20 }, () => message("x".repeat(2_000)));
    const last = request([delta(round, `${round} `)], "Connection: close\r\n");
    const answers = await server.exchange(request(messages) + last);
    assert.equal(answers.match(/HTTP\/1\.1 200/g)?.length, 2);
  }
  await watcher.until("the last delta", ({ tail }) => {
    return tail.at(-1)?.frame.sequenceNumber === rounds;
  });
  for (const [index, { frame }] of watcher.tail.entries()) {
    if (frame.sequenceNumber === undefined) continue;
    assert.equal(watcher.tail[index - 1]?.frame.sequence, 1 + 20 * frame.sequenceNumber);
  }
  await watcher.leave();
});

test("LIVE7 LIVE20 deltas of one id are in order a prefix of the final text, for whoever joins when", async () => {
  const run = await startedRun();
  const words = Array.from({ length: 1_000 }, (_, index) => `wörd${index} 😀 `);
  const whole = words.join("");
  const watchers = [await open(run)];
  let offset = 0;
  for (let from = 0; from < words.length; from += 50) {
    const frames = words.slice(from, from + 50).map((text, index) => {
      const frame = delta(from + index + 1, text, { offset });
      offset += text.length;
      return frame;
    });
    await publishAll(server, run, frames);
    if (from % 100 === 0) watchers.push(await open(run));
  }
  for (const watcher of watchers) {
    await watcher.until("all of it", () => liveTextsOf(watcher).get("text m1") === whole);
  }
  const [, , , joined] = watchers as [TestWatcher, TestWatcher, TestWatcher, TestWatcher];
  const numbers = joined.tail.map(({ frame }) => frame.sequenceNumber);
  assert.ok(numbers.length > 0 && numbers[0] > 200, "nothing is replayed frame by frame");
  await publishAll(server, run, [message(whole, { messageId: "m1" })]);
  for (const watcher of watchers) {
    await watcher.untilSequence(2);
    assert.equal(watcher.tail.at(-1)?.frame.payload.content, whole);
    await watcher.leave();
  }
});

test("LIVE7 LIVE19 who joins later is shown what is in flight, and nothing that had its last word", async () => {
  const run = await startedRun();
  await publishAll(server, run, [
    transient(1, "assistant_thinking_delta", { messageId: "m1", delta: "hm" }),
    delta(2, "done", { messageId: "m0" }),
    message("done", { messageId: "m0" }),
    delta(3, "half"),
    transient(4, "assistant_message_source", { messageId: "m1", source: { url: "u" } }),
    transient(5, "tool_call_started", { toolCallId: "c1", name: "ls", input: { a: 1 } }),
    transient(6, "tool_output_delta", { toolCallId: "c1", delta: "out" }),
    transient(7, "tool_call_started", { toolCallId: "c0", name: "cat" }),
    { type: "tool_result", payload: { toolCallId: "c0", output: "" } },
  ]);
  const watcher = await open(run);
  const { inFlight } = watcher.snapshot;
  const source = { url: "u" };
  assert.deepEqual(inFlight, {
    runId: run.runId,
    sequenceNumber: 7,
    messages: [
      {
        messageId: "m1",
        text: "half",
        textOffset: 0,
        thinking: "hm",
        thinkingOffset: 0,
        sources: [source],
      },
    ],
    toolCalls: [
      {
        toolCallId: "c1",
        name: "ls",
        input: { a: 1 },
        output: "out",
        outputOffset: 0,
        status: "running",
      },
    ],
  });
  const path = `/v1/threads/${run.threadId}`;
  const read = await server.request("GET", path, { key: server.keys.owner });
  assert.deepEqual(read.body.data.inFlight, inFlight);
  await publishAll(server, run, [delta(8, " and half")]);
  await watcher.until("the rest", ({ tail }) => tail.length > 0);
  assert.deepEqual(shownBy(watcher), ["assistant_message_delta ~8"]);
  assert.equal(liveTextsOf(watcher).get("text m1"), "half and half");
  await publishAll(server, run, [runCompleted({ status: "failed", error: { message: "x" } })]);
  const late = await open(run);
  assert.equal(late.snapshot.inFlight, null);
  await Promise.all([watcher.leave(), late.leave()]);
});

test("LIVE19 LIVE22 more than 256 KiB in flight are cut at the front, and the offset says where", async () => {
  const run = await startedRun();
  const watcher = await open(run);
  const part = "äöü0123456789".repeat(1_000);
  for (let number = 1; number <= 40; number += 1) {
    await publishAll(server, run, [delta(number, `${number}${part}`)]);
  }
  const whole = Array.from({ length: 40 }, (_, index) => `${index + 1}${part}`).join("");
  await watcher.until("all of it", () => liveTextsOf(watcher).get("text m1") === whole);
  const late = await open(run);
  const { inFlight } = late.snapshot;
  const bytes = Buffer.byteLength(JSON.stringify(inFlight));
  assert.ok(bytes <= 256 * 1024 && bytes > 128 * 1024, `${bytes} bytes`);
  const { text, textOffset } = inFlight.messages[0];
  assert.ok(textOffset > 0);
  assert.equal(text, whole.slice(textOffset));
  await publishAll(server, run, [delta(41, "end")]);
  await late.until("the end", () => liveTextsOf(late).get("text m1") === `${text}end`);
  await Promise.all([watcher.leave(), late.leave()]);
});

test("LIVE20 LIVE21 a delta's overlap with what was shown is left out, and a hole before it is a cut", async () => {
  const run = await startedRun();
  const watcher = await open(run);
  await publishAll(server, run, [
    delta(1, "abc", { offset: 0 }),
    delta(2, "bcde", { offset: 1 }),
    delta(3, "cd", { offset: 2 }),
    delta(4, "xyz", { offset: 100 }),
    delta(5, "!"),
    runCompleted(),
  ]);
  await watcher.untilSequence(2);
  const shown = watcher.tail.slice(0, -1).map(({ frame }) => {
    const { delta: text, offset } = frame.payload;
    return [frame.sequenceNumber, text, offset, frame.cut ?? false];
  });
  assert.deepEqual(shown, [
    [1, "abc", 0, false],
    [2, "de", 3, false],
    [4, "xyz", 100, true],
    [5, "!", 103, false],
  ]);
  await watcher.leave();
});

test("PUB15 PUB16 duplicates and frames about what is finished are counted and not shown", async () => {
  const run = await startedRun();
  const watcher = await open(run);
  await publishAll(server, run, [delta(5, "once"), message("once", { messageId: "m1" })]);
  const again = await publish(server, {
    ...run,
    events: [delta(5, "again"), delta(4, "again"), delta(9, "late"), message("fence")],
  });
  assert.deepEqual([again.body.data.delivered, again.body.data.duplicates], [0, 3]);
  await watcher.untilSequence(3);
  assert.deepEqual(shownBy(watcher), [
    "assistant_message_delta ~5",
    "assistant_message 2",
    "assistant_message 3",
  ]);
  await watcher.leave();
});

test("PUB14 PUB17 refused transient frames are not shown, nor what came with them", async () => {
  const run = await startedRun();
  const watcher = await open(run);
  const { sequenceNumber: _, ...unnumbered } = delta(1, "no number");
  const refusals: [object, number, string][] = [
    [{ events: [message("not kept"), unnumbered] }, 400, "INVALID_FRAME"],
    [{ events: [delta(1, "no rollout")], rolloutId: undefined }, 400, "INVALID_FRAME"],
    [{ events: [delta(0, "zero")] }, 400, "INVALID_FRAME"],
    [{ events: [delta(1, "other run")], runId: "run_other" }, 409, "RUN_NOT_ACTIVE"],
    [{ events: [delta(1, "wrong")], rolloutId: "rol_wrong" }, 409, "ROLLOUT_NOT_ACTIVE"],
  ];
  for (const [more, status, code] of refusals) {
    const answer = await server.request("POST", "/v1/thread-events", {
      key: server.keys.owner,
      body: { ...run, ...more },
    });
    assert.deepEqual([answer.status, answer.body.error.code], [status, code]);
  }
  await publishAll(server, run, [runCompleted()]);
  const late = await publish(server, { ...run, events: [delta(2, "late")] });
  assert.deepEqual([late.status, late.body.error.code], [409, "RUN_NOT_ACTIVE"]);
  const other = { threadId: run.threadId, runId: "run_next" };
  await publishAll(server, other, [{ type: "run_started", payload: {} }]);
  await watcher.untilSequence(3);
  assert.deepEqual(shownBy(watcher), ["run_completed 2", "run_started 3"]);
  await watcher.leave();
});

test("LIVE9 transient=false gives durable frames and notices only, and no inFlight", async () => {
  const run = await startedRun();
  await publishAll(server, run, [delta(1, "before")]);
  const watcher = await open(run, { transient: "false" });
  assert.equal(watcher.snapshot.inFlight, null);
  await publishAll(server, run, [delta(2, "a"), message("b", { messageId: "m1" }), delta(3, "c")]);
  const path = `/v1/threads/${run.threadId}`;
  await server.request("PATCH", path, { key: server.keys.owner, body: { title: "Named" } });
  await publishAll(server, run, [...compaction("short"), runCompleted()]);
  await watcher.untilSequence(5);
  assert.deepEqual(
    watcher.tail.map(({ frame }) => frame.type),
    [
      "assistant_message",
      "thread_renamed",
      "compaction_started",
      "compaction_completed",
      "run_completed",
    ],
  );
  await watcher.leave();
});

test("PUB15 LIVE21 after a restart numbers may begin anew, and text that is not held any more is a cut", async () => {
  const run = await startedRun();
  const watcher = await open(run);
  await publishAll(server, run, [delta(50, "before", { offset: 0 })]);
  await watcher.until("the delta", ({ tail }) => tail.length === 1);
  await server.restart();
  await watcher.untilClosed();
  await watcher.reconnect();
  assert.equal(watcher.snapshot.inFlight, null);
  await publishAll(server, run, [delta(1, " and after", { offset: 6 })]);
  await watcher.until("the delta", ({ tail }) => tail.length === 1);
  const frame = frameAt(watcher, 0);
  assert.deepEqual([frame.sequenceNumber, frame.payload.offset, frame.cut], [1, 6, true]);
  await watcher.leave();
});
