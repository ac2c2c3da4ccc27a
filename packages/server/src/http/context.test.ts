/** `GET …/context` over HTTP: who may read it, what it covers, what it refuses (CTX). */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import { ForeignContext, SpoolContext } from "@spool/protocol/context";
import { validatorOf } from "@spool/protocol/validator";
import { newIds, publish, runStarted, type TestFrame } from "../testing/published-threads.ts";
import { assistant, call, result, user } from "../testing/source-events.ts";
import { startTestServer, type TestServer } from "../testing/test-server.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server.close());

const spoolProblem = validatorOf(SpoolContext);
const foreignProblem = validatorOf(ForeignContext);

/** A thread of olivia's with these events behind its `run_started`. */
async function thread(...events: readonly object[]) {
  const ids = newIds("ctx");
  const frames = events as readonly TestFrame[];
  const answer = await publish(server, { ...ids, events: [runStarted(), ...frames] });
  assert.equal(answer.status, 200, answer.bytes.toString());
  return ids;
}

function get(threadId: string, query = "", key = server.keys.owner) {
  return server.request("GET", `/v1/threads/${threadId}/context${query}`, { key });
}

async function contextOf(threadId: string, query = "") {
  const { status, body, bytes } = await get(threadId, query);
  assert.equal(status, 200, bytes.toString());
  return body.data;
}

const compaction = (payload: object) => [
  { type: "compaction_started", payload: {} },
  { type: "compaction_completed", payload },
];

test("CTX1 the answer names rollout, sequence and position, and says how much it is", async () => {
  const { threadId } = await thread(user("hello"), call("a", "t", {}), result("a", "ok"));
  const context = await contextOf(threadId);
  const head = await server.request("GET", `/v1/threads/${threadId}`, { key: server.keys.owner });
  const { sequence, position } = head.body.data;
  assert.equal(spoolProblem(context), null);
  const { messages, rolloutId, ...rest } = context;
  assert.equal(rolloutId, head.body.data.thread.activeRolloutId);
  assert.deepEqual(rest, {
    ...{ threadId, sequence, position, format: "spool", summary: null },
    ...{ estimatedTokens: 21, truncated: false },
  });
  assert.deepEqual(messages, [
    { role: "user", messageId: null, sequence: 2, parts: [{ type: "text", text: "hello" }] },
    {
      ...{ role: "assistant", messageId: null, sequence: 3 },
      parts: [
        {
          ...{ type: "tool_call", toolCallId: "a", name: "t", input: {} },
          result: { output: "ok", isError: false },
        },
      ],
    },
  ]);
});

test("CTX1 each format has its messages; another is refused", async () => {
  const { threadId } = await thread(user("hello"), assistant("hi"));
  for (const format of ["openai", "anthropic", "ai-sdk"]) {
    const context = await contextOf(threadId, `?format=${format}`);
    assert.equal(foreignProblem(context), null);
    assert.deepEqual(
      [context.format, context.messages.map(({ role }: { role: string }) => role)],
      [format, ["user", "assistant"]],
    );
  }
  const wrong = ["?format=xml", "?format=", "?format=openai&format=spool", "?tokens=1"];
  for (const query of wrong) {
    const { status, body } = await get(threadId, query);
    assert.deepEqual([status, body.error.code], [400, "INVALID_REQUEST"], query);
  }
});

test("CTX1 only the owner reads it, with agent:read; an empty thread has an empty context", async () => {
  const { threadId } = await thread(user("secret"));
  const { keys } = server;
  for (const [key, status, code] of [
    [keys.member, 404, "THREAD_NOT_FOUND"],
    [keys.other, 404, "THREAD_NOT_FOUND"],
    [keys.admin, 403, "CONTENT_FORBIDDEN"],
    [keys.runner, 403, "INSUFFICIENT_SCOPE"],
    [keys.reader, 200, undefined],
  ] as const) {
    const answer = await get(threadId, "", key);
    assert.deepEqual([answer.status, answer.body.error?.code], [status, code]);
  }
  assert.equal((await get("thr_missing")).body.error.code, "THREAD_NOT_FOUND");
  await server.request("POST", "/v1/threads", { key: keys.owner, body: { id: "thr_ctxempty" } });
  for (const format of ["spool", "openai", "anthropic", "ai-sdk"]) {
    const context = await contextOf("thr_ctxempty", `?format=${format}&max_tokens=5`);
    assert.deepEqual(
      [context.messages, context.sequence, context.position, context.truncated],
      [[], 0, "0.00000000", false],
    );
  }
});

test("CTX2 the active rollout alone counts, with the summary it begins with", async () => {
  const { threadId } = await thread(
    user("before"),
    ...compaction({ summary: "it began" }),
    user("after"),
    ...[
      { type: "compaction_started", payload: {} },
      { type: "compaction_completed", payload: { status: "failed", error: "no" } },
    ],
  );
  const { summary, messages } = await contextOf(threadId);
  assert.equal(summary, "it began");
  assert.equal(messages.length, 1);
  const [first, second] = (await contextOf(threadId, "?format=openai")).messages;
  assert.match(first.content, /summary is:\n\nit began$/);
  assert.equal(second.content, "after");
});

test("CTX3 what a compaction kept comes before what was said since", async () => {
  const replacement = [user("so far", { isSummary: true }), { ...user("kept"), fromSequence: 2 }];
  const { threadId } = await thread(user("kept"), ...compaction({ replacement }), assistant("new"));
  const { summary, messages } = await contextOf(threadId);
  assert.equal(summary, "so far");
  assert.deepEqual(
    messages.map(({ sequence }: { sequence: number }) => sequence),
    [2, 5],
  );
  for (const format of ["openai", "anthropic", "ai-sdk"]) {
    const {
      messages: [first],
    } = await contextOf(threadId, `?format=${format}`);
    const said = JSON.stringify(first.content ?? first.parts);
    assert.deepEqual([first.role, said.includes("so far")], ["user", true], format);
  }
});

test("CTX1 many at once get the same, also beside somebody who writes", async () => {
  const ids = await thread(...Array.from({ length: 300 }, (_, index) => assistant(`say ${index}`)));
  const asking = Array.from({ length: 24 }, () => contextOf(ids.threadId, "?format=ai-sdk"));
  const writing = publish(server, { ...ids, events: [user("new") as TestFrame] });
  const [answers] = await Promise.all([Promise.all(asking), writing]);
  for (const { sequence, messages } of answers) {
    assert.ok(sequence === 301 || sequence === 302);
    assert.equal(messages.length, sequence - 300);
  }
  assert.equal((await contextOf(ids.threadId)).sequence, 302);
});

test("CTX8 max_tokens cuts, anything but a whole number above 0 is refused", async () => {
  const { threadId } = await thread(user("first"), assistant("a"), user("second"), assistant("b"));
  const whole = await contextOf(threadId);
  const context = await contextOf(threadId, `?max_tokens=${whole.estimatedTokens - 1}`);
  assert.equal(context.truncated, true);
  assert.deepEqual(context.messages, whole.messages.slice(2));
  assert.ok(context.estimatedTokens < whole.estimatedTokens);
  for (const value of ["0", "-1", "1.5", "many", "", "0x10"]) {
    const { status, body } = await get(threadId, `?max_tokens=${value}`);
    assert.deepEqual([status, body.error.code], [400, "INVALID_REQUEST"], value);
  }
  const huge = await contextOf(threadId, "?max_tokens=99999999999999999999");
  assert.deepEqual(huge.messages, whole.messages);
});

/** A batch of `count` messages of 4 KB, the first the user's. */
function longTurn(count: number, name: string) {
  return Array.from({ length: count }, (_, index) => {
    const text = `${name} ${index} ${"x".repeat(4_000)}`;
    return index === 0 ? user(text) : assistant(text);
  });
}

test("CTX8 of a long rollout the newest part is cut to the same end as the whole would be", async () => {
  const ids = await thread(...compaction({ replacement: [user("sum", { isSummary: true })] }));
  for (let turn = 0; turn < 8; turn += 1) {
    const answer = await publish(server, {
      ...ids,
      events: longTurn(250, `turn ${turn}`) as TestFrame[],
    });
    assert.equal(answer.status, 200);
  }
  const whole = await contextOf(ids.threadId);
  assert.deepEqual([whole.messages.length, whole.truncated], [2_000, false]);
  for (const tokensMax of [500, 100_000, 260_000, 600_000, 1_500_000]) {
    const context = await contextOf(ids.threadId, `?max_tokens=${tokensMax}`);
    const { messages, summary, truncated } = context;
    assert.equal(summary, "sum");
    assert.equal(truncated, messages.length < 2_000);
    if (tokensMax > 500) assert.ok(context.estimatedTokens <= tokensMax, String(tokensMax));
    const last = whole.messages.slice(-1);
    if (tokensMax === 500) assert.deepEqual(messages[0].sequence, last[0].sequence);
    else if (tokensMax < 255_000) {
      // Within the newest turn: the user's message stays, then its newest messages.
      assert.deepEqual(messages[0], whole.messages[1_750]);
      assert.deepEqual(messages.slice(1), whole.messages.slice(1 - messages.length));
    } else assert.deepEqual(messages, whole.messages.slice(-messages.length));
  }
});

test("CTX9 without a limit at most 32 MiB of lines are read, and the answer says so", async () => {
  const ids = await thread(...compaction({ summary: "sum" }));
  const text = "y".repeat(1_000_000);
  for (let turn = 0; turn < 8; turn += 1) {
    const events = [user(`turn ${turn}`), ...Array.from({ length: 6 }, () => assistant(text))];
    const answer = await publish(server, { ...ids, events: events as TestFrame[] });
    assert.equal(answer.status, 200);
  }
  const { truncated, summary, messages } = await contextOf(ids.threadId);
  assert.deepEqual([truncated, summary, messages[0].role], [true, "sum", "user"]);
  const characters = JSON.stringify(messages).length;
  assert.ok(characters > 28_000_000 && characters < 35_000_000, String(characters));
});
