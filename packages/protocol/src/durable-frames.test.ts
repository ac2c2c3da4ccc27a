/**
 * Proves the payload schemas of durable frames: each takes its smallest payload, everything the
 * contract's table names and any field beyond, and refuses each field with another type.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DurableType, durablePayloads, runlessTypes } from "./durable-frames.ts";
import { validatorOf } from "./validator.ts";

type Row = {
  /** The smallest payload that is taken. */
  readonly least: object;
  /** One more value per optional field that is taken. */
  readonly taken: Readonly<Record<string, readonly unknown[]>>;
  /** Values per field that are refused. */
  readonly refused: Readonly<Record<string, readonly unknown[]>>;
};

const long = "x".repeat(257);
const longest = "x".repeat(256);
const part = (type: string, fields: object = {}) => [{ type, ...fields }];
const badContent = [
  undefined,
  null,
  5,
  {},
  [5],
  ["text"],
  [{}],
  part(""),
  part("text"),
  part("text", { text: 5 }),
];

const rows: Readonly<Record<DurableType, Row>> = {
  run_started: {
    least: {},
    taken: {
      agentId: ["", longest],
      model: [longest],
      executionMode: ["in_sandbox", "managed", "local-mac", "local"],
      leaseSeconds: [10, 86_400],
      parentThreadId: ["thr_a", `thr_${"A-z_9".repeat(12)}wxyz`],
      parentToolCallId: [longest],
      metadata: [{}, { any: [1, { thing: null }] }],
    },
    refused: {
      agentId: [5, null, long],
      model: [5, long],
      executionMode: ["cloud", "", null, 5],
      leaseSeconds: [9, 86_401, 10.5, "60", null, Number.POSITIVE_INFINITY],
      parentThreadId: ["run_a", "thr_", "thr_a/b", `thr_${"a".repeat(65)}`, "thr_a\n", 5],
      parentToolCallId: [5, long],
      metadata: [[], "x", null, 5],
    },
  },
  run_completed: {
    least: { status: "completed" },
    taken: {
      status: ["failed", "cancelled", "interrupted"],
      error: ["why", { code: 1 }, null],
      usage: [{ tokens: 1 }, null],
      reason: ["", "done"],
    },
    refused: { status: [undefined, null, "done", "", 5], reason: [5, null] },
  },
  user_message: {
    least: { content: "" },
    taken: {
      content: ["hello", [], part("text", { text: "" }), part("image", { url: "x" })],
      messageId: ["m", longest],
    },
    refused: { content: badContent, messageId: ["", 5, null, long] },
  },
  assistant_message: {
    least: { content: [] },
    taken: {
      content: ["hello", part("thinking", { text: "hm" }), part("text", { text: "t" })],
      messageId: ["m:0"],
      groupId: [longest],
      model: [longest],
      usage: [{ tokens: 1 }, null],
      stopReason: ["end_turn", null],
      sources: [[], [{ url: "x" }, 5]],
    },
    refused: {
      content: [...badContent, part("thinking"), part("thinking", { text: null })],
      messageId: ["", 5, long],
      groupId: [5, long],
      model: [5, long],
      stopReason: [5],
      sources: ["x", {}],
    },
  },
  tool_call: {
    least: { toolCallId: "c", name: "ls", input: null },
    taken: { toolCallId: [longest], name: [longest], input: [{}, "text", [1], false] },
    refused: {
      toolCallId: [undefined, "", null, 5, long],
      name: [undefined, "", null, 5, long],
      input: [undefined],
    },
  },
  tool_result: {
    least: { toolCallId: "c", output: null },
    taken: { output: ["text", { a: 1 }, []], isError: [true, false, null] },
    refused: {
      toolCallId: [undefined, "", 5, long],
      output: [undefined],
      isError: ["yes", 1],
    },
  },
  custom: {
    least: { name: "plan", data: null },
    taken: { name: [longest], data: [{}, [], 5, "x"] },
    refused: { name: [undefined, "", 5, long], data: [undefined] },
  },
  compaction_started: {
    least: {},
    taken: { compactionId: ["cmp_1", longest], reason: ["", "full"] },
    refused: { compactionId: ["", 5, null, long], reason: [5, null] },
  },
  compaction_completed: {
    least: {},
    taken: {
      compactionId: ["cmp_1"],
      status: ["completed", "failed"],
      summary: ["", "so far"],
      replacement: [[], [{ type: "user_message", payload: {}, fromSequence: 1, more: true }]],
      error: ["why", { code: 1 }],
      tokensBefore: [0, 1.5, 100_000],
      tokensAfter: [0],
    },
    refused: {
      compactionId: ["", 5, long],
      status: ["done", null],
      summary: [5, null, []],
      replacement: [
        {},
        "x",
        [5],
        [{}],
        [{ type: "x" }],
        [{ type: "", payload: {} }],
        [{ type: "x", payload: [] }],
        [{ type: "x", payload: {}, fromSequence: 0 }],
      ],
      tokensBefore: ["5", null, Number.NaN],
      tokensAfter: ["5", Number.POSITIVE_INFINITY],
    },
  },
};

for (const [type, { least, taken, refused }] of Object.entries(rows)) {
  const check = validatorOf(durablePayloads[type as DurableType]);
  const takes = (payload: object) => {
    assert.equal(check(payload), null, JSON.stringify(payload));
  };

  test(`PUB1 PUB22 ${type} takes its smallest payload, each field, and fields beyond`, () => {
    takes(least);
    for (const [field, values] of Object.entries(taken)) {
      for (const value of values) takes({ ...least, [field]: value });
    }
    takes({ ...least, another: { deep: [null] } });
    takes(JSON.parse(`{"__proto__":{"a":1},${JSON.stringify({ ...least, x: 1 }).slice(1)}`));
  });

  test(`PUB1 PUB22 RUN10 ${type} refuses a field of another type, and says which`, () => {
    for (const [field, values] of Object.entries(refused)) {
      for (const value of values) {
        const { [field]: _, ...rest } = least as Record<string, unknown>;
        const payload = value === undefined ? rest : { ...rest, [field]: value };
        const problem = check(payload);
        assert.ok(problem, `${field}: ${JSON.stringify(value)} is taken`);
        if (value === undefined) {
          assert.deepEqual(problem, { path: "", problem: `lacks the field "${field}"` });
        } else {
          assert.match(problem.path, new RegExp(`^/${field}(/|$)`), JSON.stringify(value));
        }
      }
    }
    for (const value of [null, [], "text", 5]) assert.ok(check(value), JSON.stringify(value));
  });
}

test("PUB1 the table has a row for each durable type", () => {
  assert.deepEqual(Object.keys(rows), Object.keys(durablePayloads));
});

test("PUB10 only two types may come without a run", () => {
  assert.deepEqual([...runlessTypes], ["user_message", "custom"]);
});
