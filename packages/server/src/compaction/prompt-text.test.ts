/** Events as text: what stays, what is trimmed, what is left out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { headingCharactersMax, isMessage, textOfEvent, trimMiddle } from "./prompt-text.ts";

const caps = { message: 1_000, tool: 300 };
const text = (type: string, payload: Record<string, unknown>) =>
  textOfEvent({ type, payload } as Parameters<typeof textOfEvent>[0], caps);

test("ROL18 messages, calls, results, notes and failed runs are told; the rest is not", () => {
  assert.equal(text("user_message", { content: "Hi" }), "[user]\nHi\n\n");
  const parts = [
    { type: "thinking", text: "secret thought" },
    { type: "text", text: "There." },
    { type: "image", name: "plan.png", mediaType: "image/png", data: "AAAA" },
    { type: "output_text", text: "Also." },
  ];
  assert.equal(
    text("assistant_message", { content: parts }),
    "[assistant]\n[thinking left out]\nThere.\n[image plan.png image/png]\nAlso.\n\n",
  );
  assert.equal(
    text("tool_call", { toolCallId: "c1", name: "bash", input: { command: "ls" } }),
    '[tool call bash (c1)]\n{"command":"ls"}\n\n',
  );
  assert.equal(
    text("tool_result", { toolCallId: "c1", output: "no", isError: true }),
    "[tool error (c1)]\nno\n\n",
  );
  assert.equal(text("custom", { name: "plan", data: [1] }), "[note plan]\n[1]\n\n");
  assert.equal(text("run_completed", { status: "failed", error: "x" }), "[run failed]\nx\n\n");
  assert.equal(text("run_completed", { status: "completed" }), "");
  assert.equal(text("run_started", { agentId: "a" }), "");
  const replacement = [{ type: "user_message", payload: { content: "Kept" } }];
  assert.match(text("compaction_completed", { summary: "s", replacement }), /^\[user\]\nKept/);
});

test("ROL18 the middle of what tools say is left out, and its length said", () => {
  const output = `first ${"m".repeat(5_000)} last`;
  const told = text("tool_result", { toolCallId: "c", output });
  assert.match(told, /\nfirst m+\n\[… 4761 characters left out …\]\nm+ last\n\n$/);
  const input = { path: "a.ts", content: "y".repeat(5_000), after: true };
  const called = text("tool_call", { toolCallId: "c", name: "write", input });
  assert.match(called, /"path":"a\.ts"/);
});

test("ROL18 encoded bytes are named, not sent", () => {
  const data = Buffer.alloc(9_000, 7).toString("base64");
  const image = { type: "image", source: { type: "base64", data } };
  for (const output of [{ png: data }, { url: `data:image/png;base64,${data}` }, [image]]) {
    const told = text("tool_result", { toolCallId: "c", output });
    assert.ok(told.length < 120 && !told.includes(data.slice(0, 64)), told);
  }
});

test("ROL18 any payload becomes text within its cap", () => {
  const type = fc.constantFrom(
    "user_message",
    "assistant_message",
    "tool_call",
    "tool_result",
    "custom",
    "run_completed",
    "compaction_completed",
  );
  const long = fc.string({ minLength: 0, maxLength: 1_500, unit: "binary" });
  const part = fc.record({ type: fc.constantFrom("text", "thinking", "image"), text: long });
  const value = fc.oneof(fc.jsonValue(), long, fc.array(part, { maxLength: 4 }));
  const payload = fc.record(
    {
      content: value,
      input: value,
      output: value,
      data: value,
      error: value,
      name: value,
      toolCallId: value,
      status: fc.constantFrom("completed", "failed"),
      replacement: fc.array(fc.record({ type, payload: fc.record({ content: value }) })),
    },
    { requiredKeys: [] },
  );
  const property = fc.property(type, payload, (eventType, made) => {
    const max = isMessage({ type: eventType }) ? caps.message : caps.tool;
    assert.ok(text(eventType, made).length <= max + headingCharactersMax);
  });
  fc.assert(property, { seed: 20, numRuns: 200 });
});

test("ROL18 trimming keeps both ends and never makes longer", () => {
  const property = fc.property(
    fc.string({ maxLength: 400 }),
    fc.integer({ min: 60, max: 300 }),
    (whole, max) => {
      const trimmed = trimMiddle(whole, max);
      assert.ok(trimmed.length <= max);
      assert.equal(trimmed === whole, whole.length <= max);
      assert.ok(whole.startsWith(trimmed.slice(0, 5)) && whole.endsWith(trimmed.slice(-4)));
    },
  );
  fc.assert(property, { seed: 21, numRuns: 500 });
});
