/** What a model reads of a thread, whatever order and shape it was published in. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { randomEvents } from "../testing/random-history.ts";
import {
  assistant,
  call,
  compacted,
  type Draft,
  eventsOf,
  result,
  talk,
  user,
} from "../testing/source-events.ts";
import { isCall } from "./content.ts";
import { type Conversation, conversationOf } from "./conversation.ts";
import { historyOf } from "./history.ts";

const messages = ({ turns }: Conversation) => turns.flat();
const text = (content: string) => ({ type: "text", text: content });
const done = (id: string, name: string | null, outcome: unknown, input: unknown = {}) => {
  return { type: "tool_call", toolCallId: id, name, input, result: outcome };
};
const ok = (output: unknown) => ({ output, isError: false });

test("CTX2 messages, calls and results count; runs, custom events and failed compactions do not", () => {
  const { summary, turns } = talk(
    { type: "run_started", payload: {} },
    user("hello"),
    { type: "custom", payload: { name: "plan", data: 1 } },
    { type: "compaction_started", payload: {} },
    compacted({ status: "failed", error: "no model" }),
    assistant("hi", { messageId: "m1" }),
    { type: "run_completed", payload: { status: "interrupted" } },
  );
  assert.equal(summary, null);
  assert.deepEqual(turns, [
    [
      { role: "user", messageId: null, sequence: 2, parts: [text("hello")] },
      { role: "assistant", messageId: "m1", sequence: 6, parts: [text("hi")] },
    ],
  ]);
});

test("CTX2 a completed compaction replaces what stood before it by its summary", () => {
  const { summary, turns } = talk(user("old"), compacted({ summary: "so far" }), user("new"));
  assert.equal(summary, "so far");
  assert.deepEqual(
    messages({ summary, turns }).map(({ parts }) => parts),
    [[text("new")]],
  );
});

test("CTX3 a replacement stands where its events stood, its marked message is the summary", () => {
  const replacement = [
    user("what came before", { isSummary: true }),
    { ...user("kept"), fromSequence: 7 },
    assistant("kept too"),
    { type: "custom", payload: { name: "codex.compaction", data: {} } },
    { type: "user_message" },
    null,
  ];
  const { summary, turns } = talk(compacted({ replacement }), user("new"));
  assert.equal(summary, "what came before");
  assert.deepEqual(
    messages({ summary, turns }).map(({ sequence, parts }) => [sequence, parts]),
    [
      [7, [text("kept")]],
      [null, [text("kept too")]],
      [2, [text("new")]],
    ],
  );
  assert.equal(talk(compacted({ summary: "own", replacement })).summary, "own");
  assert.equal(talk(compacted({ replacement: "none" })).summary, null);
});

const late: readonly [string, readonly Draft[], unknown][] = [
  ["in order", [call("a", "t", {}), result("a", 1)], done("a", "t", ok(1))],
  ["never", [call("a", "t", {})], done("a", "t", null)],
  ["twice", [call("a", "t", {}), result("a", 1), result("a", 2)], done("a", "t", ok(2))],
  ["before its call", [result("a", 1), call("a", "t", {})], done("a", "t", ok(1))],
  ["without a call", [result("a", 1)], done("a", null, ok(1), null)],
  [
    "of a repeated call",
    [call("a", "t", {}), call("a", "t", {}), result("a", 1)],
    done("a", "t", ok(1)),
  ],
];
for (const [when, drafts, expected] of late) {
  test(`CTX4 a call holds its result: ${when}`, () => {
    const [, message, ...rest] = messages(talk(user("go"), ...drafts));
    assert.deepEqual(message?.parts, [expected]);
    assert.deepEqual(rest, []);
  });
}

test("CTX4 a result that comes turns later stands beside its call, and says whether it failed", () => {
  const found = messages(
    talk(
      user("go"),
      call("a", "t", {}),
      user("still there?"),
      result("a", "no", { isError: true }),
    ),
  );
  assert.deepEqual(
    found.map(({ role }) => role),
    ["user", "assistant", "user"],
  );
  assert.deepEqual(found[1]?.parts, [done("a", "t", { output: "no", isError: true })]);
});

test("CTX4 a call id used again in another turn is another call", () => {
  const again = [user("go"), call("a", "t", {}), result("a", 1)];
  const calls = messages(talk(...again, ...again))
    .flatMap(({ parts }) => parts)
    .filter(isCall);
  assert.deepEqual(calls, [done("a", "t", ok(1)), done("a", "t", ok(1))]);
});

test("CTX5 blocks of a group, and calls made in it, are one message", () => {
  const group = (block: number) => ({ messageId: `m:${block}`, groupId: "m" });
  const found = messages(
    talk(
      user("go"),
      assistant([{ type: "thinking", text: "hm", signature: "s" }], group(0)),
      assistant([text("first")], group(1)),
      call("a", "t", {}, group(2)),
      result("a", 1),
      call("b", "t", {}, group(3)),
      result("b", 2),
      assistant("next", { messageId: "n" }),
    ),
  );
  assert.deepEqual(
    found.map(({ messageId, parts }) => [messageId, parts.map(({ type }) => type)]),
    [
      [null, ["text"]],
      ["m", ["thinking", "text", "tool_call", "tool_call"]],
      ["n", ["text"]],
    ],
  );
});

test("CTX5 calls without a group belong to the message before them until a result is known", () => {
  const found = messages(
    talk(
      user("go"),
      assistant("two at once", { messageId: "m" }),
      call("a", "t", {}),
      call("b", "t", {}),
      result("a", 1),
      result("b", 2),
      call("c", "t", {}),
    ),
  );
  assert.deepEqual(
    found.map(({ parts }) => parts.length),
    [1, 3, 1],
  );
});

test("CTX6 a turn is a user's message and all until the next, also without one at the beginning", () => {
  const { turns } = talk(assistant("going on"), user("a"), assistant("b"), user("c"), user("d"));
  assert.deepEqual(
    turns.map((turn) => turn.length),
    [1, 2, 1, 1],
  );
});

test("CTX6 empty contents and repeated messages are left out", () => {
  const { turns } = talk(
    user(""),
    user([]),
    assistant([text("")], { messageId: "m" }),
    user("a", { messageId: "u" }),
    user("a", { messageId: "u" }),
    assistant("b", { messageId: "m" }),
    assistant("b", { messageId: "m" }),
  );
  assert.deepEqual(
    turns.map((turn) => turn.map(({ parts }) => parts)),
    [[[text("a")], [text("b")]]],
  );
});

test("CTX6 parts of unknown types are kept as they are, and what is no part as foreign", () => {
  const odd = { type: "hologram", beams: [1, 2] };
  const [message] = messages(talk(user([odd, "bare", 5, { type: "tool_call" }, { type: "text" }])));
  const foreign = (data: unknown) => ({ type: "foreign", data });
  assert.deepEqual(message?.parts, [
    odd,
    text("bare"),
    foreign(5),
    foreign({ type: "tool_call" }),
    foreign({ type: "text" }),
  ]);
});

test("CTX6 of any history every text and every call is there once, in order", () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const history = historyOf(randomEvents(seed));
    const conversation = conversationOf(history);
    const found = messages(conversation);
    assert.ok(
      found.every(({ parts }) => parts.length > 0),
      `seed ${seed}`,
    );
    const texts = (type: string) =>
      history.entries.flatMap(({ payload, ...entry }) =>
        entry.type === type && typeof payload.content === "string" && payload.content !== ""
          ? [payload.content]
          : [],
      );
    const said = found.filter(({ role }) => role === "user").flatMap(({ parts }) => parts);
    const users = said.flatMap((part) => (part.type === "text" ? [String(Object(part).text)] : []));
    let at = 0;
    for (const one of texts("user_message")) {
      at = users.indexOf(one, at);
      assert.notEqual(at, -1, `seed ${seed}`);
      at += 1;
    }
    const called = new Set(
      history.entries.flatMap(({ type, payload }) =>
        type === "tool_call" ? [payload.toolCallId] : [],
      ),
    );
    const calls = found.flatMap(({ parts }) => parts.filter(isCall));
    for (const id of called) {
      assert.ok(
        calls.some(({ toolCallId }) => toolCallId === id),
        `seed ${seed}: ${id}`,
      );
    }
  }
});

test("CTX2 an empty rollout is an empty conversation", () => {
  assert.deepEqual(conversationOf(historyOf(eventsOf())), { summary: null, turns: [] });
});
