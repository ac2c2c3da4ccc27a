/**
 * Text put together from any split into deltas, joined at any moment; the server's part is played
 * by its own state of what is in flight.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { InFlight } from "@spool/protocol/live-frames";
import fc from "fast-check";
import { InFlightState } from "../../server/src/live/in-flight.ts";
import { inFlightRest } from "../../server/src/live/in-flight-rest.ts";
import { inFlightAfter } from "./message-text.ts";
import type { Received } from "./watch-progress.ts";

const place = { threadId: "thr_a", runId: "run_a", rolloutId: "rol_a" };

function transient(type: string, payload: object, cut = false): Received {
  const frame = { type, ...place, sequenceNumber: 1, payload, ...(cut ? { cut } : {}) };
  return { kind: "transient", text: "", frame: frame as never };
}
function event(type: string, payload: object): Received {
  return { kind: "event", text: "", frame: { type, ...place, payload } as never };
}
function snapshot(inFlight: InFlight | null): Received {
  return { kind: "snapshot", text: "", lines: () => [], frame: { inFlight } as never };
}
const delta = (text: string, offset: number, cut = false) =>
  transient("assistant_message_delta", { messageId: "m", delta: text, offset }, cut);
const after = (...received: Received[]) =>
  received.reduce<InFlight | null>((shown, one) => inFlightAfter(shown, one), null);

test("LIVE7 overlap is left out, a cut restarts there, the final message takes its place", () => {
  assert.equal(after(delta("Hel", 0), delta("ello", 1))?.messages[0]?.text, "Hello");
  assert.equal(after(delta("Hello", 0), delta("ell", 1))?.messages[0]?.text, "Hello");
  const cut = after(delta("Hello", 0), delta("world", 7, true))?.messages[0];
  assert.deepEqual([cut?.text, cut?.textOffset], ["world", 7]);
  const hole = after(delta("Hello", 0), delta("world", 7))?.messages[0];
  assert.deepEqual([hole?.text, hole?.textOffset], ["world", 7]);
  const final = event("assistant_message", { messageId: "m", content: "Hello" });
  assert.equal(after(delta("Hello", 0), final), null);
  assert.equal(after(delta("Hello", 0), event("run_completed", { status: "failed" })), null);
  const other = event("assistant_message", { messageId: "n", content: "" });
  assert.equal(after(delta("Hello", 0), other)?.messages.length, 1);
});

test("LIVE7 calls have name, input, output and status until their result", () => {
  const call = (type: string, payload: object) => transient(type, { toolCallId: "t", ...payload });
  const frames = [
    call("tool_call_started", { name: "ls", input: { path: "/" } }),
    call("tool_output_delta", { delta: "a\n", offset: 0, stream: "stdout" }),
    call("tool_output_delta", { delta: "b\n", offset: 2, stream: "stderr" }),
    call("tool_call_completed", { status: "completed" }),
  ];
  const { toolCallId, ...shown } = after(...frames)?.toolCalls[0] ?? {};
  const output = { output: "a\nb\n", outputOffset: 0 };
  assert.deepEqual(shown, { name: "ls", input: { path: "/" }, ...output, status: "completed" });
  const result = event("tool_result", { toolCallId, output: "a\nb\n" });
  assert.equal(after(...frames, result), null);
});

test("LIVE7 a snapshot replaces what was shown, another run begins anew", () => {
  const inFlight = after(delta("Hello", 0));
  assert.equal(after(delta("Hel", 0), snapshot(inFlight)), inFlight);
  assert.equal(after(delta("Hel", 0), snapshot(null)), null);
  const other = transient("assistant_message_source", { messageId: "n", source: 1 });
  (other.kind === "transient" ? other.frame : { runId: "" }).runId = "run_b";
  assert.deepEqual(
    after(delta("Hel", 0), other)?.messages.map(({ messageId }) => messageId),
    ["n"],
  );
});

const script = fc.record({
  text: fc.string({ unit: "grapheme", maxLength: 120 }),
  /** Where the publisher splits, and by how much each delta begins too early. */
  splits: fc.array(fc.record({ at: fc.nat(), back: fc.nat({ max: 4 }) }), { maxLength: 20 }),
  /** Before which delta the watcher joins, and how many it then misses and gets merged. */
  joinAt: fc.nat({ max: 20 }),
  missed: fc.nat({ max: 6 }),
  /** Before which delta the server forgets what is in flight. */
  forgetAt: fc.option(fc.nat({ max: 20 })),
});

test("LIVE7 however text is split, joined and merged, what is shown is a piece of it, up to its end", () => {
  fc.assert(
    fc.property(script, ({ text, splits, joinAt, missed, forgetAt }) => {
      const ends = [...splits.map(({ at }) => at % (text.length + 1)), text.length];
      ends.sort((one, other) => one - other);
      let server = new InFlightState();
      let shown: InFlight | null = null;
      let behind: InFlight | null = null;
      let end = 0;
      for (const [index, to] of ends.entries()) {
        if (index === forgetAt) {
          server = new InFlightState();
          // The watcher's connection ends as well: it comes back with a snapshot.
          shown = null;
        }
        if (index === joinAt) shown = behind = inFlightAfter(null, snapshot(server.view()));
        const from = Math.max(0, end - (splits[index]?.back ?? 0));
        const payload = { messageId: "m", delta: text.slice(from, to), offset: from };
        const frame = { type: "assistant_message_delta", ...place, sequenceNumber: index + 1 };
        const output = server.accept({ ...frame, occurredAt: null, payload });
        end = to;
        if (index < joinAt) continue;
        const isMissed = index < joinAt + missed && index < ends.length - 1 && forgetAt === null;
        if (isMissed) continue;
        const frames =
          missed > 0 && forgetAt === null
            ? inFlightRest(behind, server.view(), place.rolloutId)
            : output === null
              ? []
              : [output];
        for (const one of frames) {
          shown = inFlightAfter(shown, transient(one.type, one.payload, one.cut));
        }
        behind = server.view();
        const { text: seen = "", textOffset = 0 } = shown?.messages[0] ?? {};
        assert.equal(seen, text.slice(textOffset, textOffset + seen.length));
        if (seen !== "") assert.equal(textOffset + seen.length, to);
        if (forgetAt === null) assert.equal(textOffset, 0);
      }
    }),
    { numRuns: 1_000 },
  );
});
