/** What is kept of a running turn: the text, its offsets and cuts, and the bound. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { Event } from "@spool/protocol/resources";
import fc from "fast-check";
import { InFlightState, inFlightBytesMax, type TransientInput } from "./in-flight.ts";

let sequenceNumber = 0;

function frame(type: string, payload: object): TransientInput {
  sequenceNumber += 1;
  const ids = { runId: "run_a", rolloutId: "rol_a" };
  return { type, ...ids, sequenceNumber, occurredAt: null, payload: { ...payload } };
}

function delta(text: string, offset?: number, messageId = "m"): TransientInput {
  const place = offset === undefined ? {} : { offset };
  return frame("assistant_message_delta", { messageId, delta: text, ...place });
}

function durable(type: string, payload: object): Event {
  const createdAt = "2026-01-01T00:00:00.000Z";
  const ids = { threadId: "thr_a", rolloutId: "rol_a", runId: "run_a" };
  return { sequence: 1, type, ...ids, createdAt, payload: { ...payload } };
}

test("LIVE19 a late joiner gets the text, thinking, sources and calls of the running turn", () => {
  const state = new InFlightState();
  state.accept(delta("Hel"));
  state.accept(delta("lo"));
  state.accept(frame("assistant_thinking_delta", { messageId: "m", delta: "hm" }));
  state.accept(frame("assistant_message_source", { messageId: "m", source: { url: "u" } }));
  state.accept(frame("tool_call_started", { toolCallId: "c", name: "ls", input: { a: 1 } }));
  state.accept(frame("tool_output_delta", { toolCallId: "c", delta: "out", stream: "stdout" }));
  state.accept(frame("tool_output_delta", { toolCallId: "c", delta: "err", stream: "stderr" }));
  const view = state.view();
  assert.equal(view?.runId, "run_a");
  assert.deepEqual(view?.messages, [
    {
      messageId: "m",
      text: "Hello",
      textOffset: 0,
      thinking: "hm",
      thinkingOffset: 0,
      sources: [{ url: "u" }],
    },
  ]);
  const call = { toolCallId: "c", name: "ls", input: { a: 1 }, outputOffset: 0, status: "running" };
  assert.deepEqual(view?.toolCalls, [{ ...call, output: "outerr" }]);
});

test("LIVE20 LIVE21 an overlap is left out, a gap is a cut, and a delta says where it stands", () => {
  const state = new InFlightState();
  assert.equal(state.accept(delta("abc"))?.payload.offset, 0);
  const overlap = state.accept(delta("bcd", 1));
  assert.deepEqual(
    [overlap?.payload.delta, overlap?.payload.offset, overlap?.cut],
    ["d", 3, false],
  );
  assert.equal(state.accept(delta("ab", 0)), null, "all of it was seen");
  const gap = state.accept(delta("xyz", 10));
  assert.deepEqual([gap?.payload.delta, gap?.payload.offset, gap?.cut], ["xyz", 10, true]);
  const [message] = state.view()?.messages ?? [];
  assert.deepEqual([message?.text, message?.textOffset], ["xyz", 10]);
});

test("LIVE19 the durable frame about a message or call takes it out, the end of the run everything", () => {
  const state = new InFlightState();
  state.accept(delta("one", 0, "m1"));
  state.accept(delta("two", 0, "m2"));
  state.accept(frame("tool_call_started", { toolCallId: "c", name: "t" }));
  state.settle(durable("assistant_message", { messageId: "m1", content: "one" }));
  assert.deepEqual(
    state.view()?.messages.map(({ messageId }) => messageId),
    ["m2"],
  );
  state.settle(durable("tool_call", { toolCallId: "c", name: "t", input: {} }));
  assert.equal(state.view()?.toolCalls.length, 1, "a call is in flight until its result");
  state.settle(durable("tool_result", { toolCallId: "c", output: "" }));
  assert.equal(state.view()?.toolCalls.length, 0);
  state.settle(durable("run_completed", { status: "completed" }));
  assert.equal(state.view(), null);
});

function assertBounded(state: InFlightState): void {
  const bytes = Buffer.byteLength(JSON.stringify(state.view()));
  assert.ok(bytes <= inFlightBytesMax, `${bytes} bytes`);
}

test("LIVE19 text that JSON escapes, many small items and large attachments are bounded too", () => {
  const floods: ((at: number) => TransientInput)[] = [
    () => delta('\u0000\n"'.repeat(1_000)),
    (at) => delta("x", 0, `m${at}`.padEnd(200, "y")),
    (at) => frame("assistant_message_source", { messageId: `m${at % 3}`, source: "s".repeat(999) }),
    (at) => frame("tool_call_started", { toolCallId: `c${at}`, name: "t".repeat(200) }),
    (at) =>
      frame("tool_call_started", { toolCallId: `c${at}`, name: "t", input: "i".repeat(9_999) }),
    (at) => frame("tool_call_completed", { toolCallId: `c${at}`, status: "completed" }),
  ];
  for (const flood of [
    ...floods,
    (at: number) => (floods[at % 6] as (at: number) => TransientInput)(at),
  ]) {
    const state = new InFlightState();
    for (let at = 0; at < 3_000; at += 1) {
      state.accept(flood(at));
      if (at % 250 === 0) assertBounded(state);
      if (at % 7 === 0) state.settle(durable("assistant_message", { messageId: `m${at % 3}` }));
      if (at % 11 === 0) state.settle(durable("tool_result", { toolCallId: `c${at - 5}` }));
    }
    assertBounded(state);
    assert.ok(!state.isEmpty);
  }
});

test("LIVE19 the state is bounded, cuts the oldest text first and keeps the offsets right", () => {
  const state = new InFlightState();
  state.accept(delta("o".repeat(1_000), 0, "old"));
  let written = "";
  for (let at = 0; at < 400; at += 1) {
    const piece = `${at}é`.padEnd(1_000, "😀");
    written += piece;
    state.accept(delta(piece, undefined, "new"));
    assertBounded(state);
  }
  const [old, young] = state.view()?.messages ?? [];
  assert.deepEqual([old?.text, old?.textOffset], ["", 1_000]);
  assert.ok(young !== undefined && young.text.length > 10_000);
  assert.equal(young.text, written.slice(young.textOffset), "what is left is the end of the text");
  assert.ok(young.text.isWellFormed(), "no pair is cut in half");
});

test("LIVE20 for any split, overlap and repetition of a text the watcher ends with the text", () => {
  const piece = fc.record({ start: fc.nat(60), length: fc.nat(30) });
  fc.assert(
    fc.property(fc.string({ minLength: 60, maxLength: 60 }), fc.array(piece), (text, pieces) => {
      const state = new InFlightState();
      let shown = "";
      for (const { start, length } of [...pieces, { start: 0, length: 60 }]) {
        // A publisher resumes anywhere at or below what it has sent.
        const offset = Math.min(start, shown.length);
        const out = state.accept(delta(text.slice(offset, offset + length), offset));
        if (out === null) continue;
        assert.equal(out.payload.offset, shown.length);
        shown += out.payload.delta;
      }
      assert.equal(shown, text);
      assert.equal(state.view()?.messages[0]?.text, text);
    }),
  );
});
