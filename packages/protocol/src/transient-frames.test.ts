/**
 * Proves the payload schemas of transient frames: the smallest payload and each field are taken,
 * other types refused, fields beyond the table kept.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type TransientType, transientPayloads } from "./transient-frames.ts";
import { validatorOf } from "./validator.ts";

type Fields = Readonly<Record<string, readonly unknown[]>>;

const long = "x".repeat(257);
const badId = [undefined, "", 5, null, long];
const badText = [undefined, 5, null, ["a"]];
const offset = { taken: [0, 7, 2 ** 40], refused: [-1, 0.5, "0", null, Number.POSITIVE_INFINITY] };
const delta = {
  least: { messageId: "m", delta: "" },
  taken: { delta: ["text", "\ud83d"], offset: offset.taken },
  refused: { messageId: badId, delta: badText, offset: offset.refused },
};

const rows: Readonly<Record<TransientType, { least: object; taken: Fields; refused: Fields }>> = {
  assistant_message_delta: delta,
  assistant_thinking_delta: delta,
  assistant_message_source: {
    least: { messageId: "m", source: null },
    taken: { source: [{ url: "x" }, "x", 5] },
    refused: { messageId: badId, source: [undefined] },
  },
  tool_call_started: {
    least: { toolCallId: "c", name: "ls" },
    taken: { input: [null, { path: "." }] },
    refused: { toolCallId: badId, name: badId },
  },
  tool_output_delta: {
    least: { toolCallId: "c", delta: "" },
    taken: { delta: ["out"], offset: offset.taken, stream: ["stdout", "stderr"] },
    refused: {
      toolCallId: badId,
      delta: badText,
      offset: offset.refused,
      stream: ["stdin", null, 5],
    },
  },
  tool_call_completed: {
    least: { toolCallId: "c", status: "completed" },
    taken: { status: ["x".repeat(64)] },
    refused: { toolCallId: badId, status: [undefined, "", 5, null, "x".repeat(65)] },
  },
};

for (const [type, { least, taken, refused }] of Object.entries(rows)) {
  test(`PUB14 PUB22 ${type} takes its fields and refuses them with another type`, () => {
    const check = validatorOf(transientPayloads[type as TransientType]);
    assert.equal(check(least), null);
    assert.equal(check({ ...least, another: [1] }), null);
    for (const [field, values] of Object.entries(taken)) {
      for (const value of values) assert.equal(check({ ...least, [field]: value }), null, field);
    }
    for (const [field, values] of Object.entries(refused)) {
      for (const value of values) {
        const { [field]: _, ...rest } = least as Record<string, unknown>;
        const problem = check(value === undefined ? rest : { ...rest, [field]: value });
        assert.equal(problem?.path, value === undefined ? "" : `/${field}`, JSON.stringify(value));
      }
    }
  });
}

test("PUB14 the table has a row for each transient type", () => {
  assert.deepEqual(Object.keys(rows), Object.keys(transientPayloads));
});
