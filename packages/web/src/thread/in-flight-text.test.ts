/** What is being written is the same for who was there and for who joined late (WEB8). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { InFlight, TransientFrame } from "@spool/protocol/live-frames";
import type { Event } from "@spool/protocol/resources";
import { InFlightText } from "./in-flight-text.ts";

let sequenceNumber = 0;
function frame(type: string, payload: object): TransientFrame {
  sequenceNumber += 1;
  const ids = { threadId: "thr_1", runId: "run_1", rolloutId: "rol_1" };
  return { type, ...ids, sequenceNumber, payload: payload as TransientFrame["payload"] };
}
const say = (delta: string, offset?: number) =>
  frame("assistant_message_delta", {
    messageId: "m",
    delta,
    ...(offset === undefined ? {} : { offset }),
  });

function textAfter(...frames: TransientFrame[]): string {
  const inFlight = new InFlightText();
  for (const one of frames) inFlight.take(one);
  const [writing] = inFlight.view();
  return writing?.kind === "message" ? `${writing.isCut ? "…" : ""}${writing.text}` : "none";
}

test("WEB8 deltas join by their offsets: overlap is left out, a cut begins anew", () => {
  assert.equal(textAfter(say("Hel", 0), say("lo", 3)), "Hello");
  assert.equal(textAfter(say("Hel", 0), say("Hello", 0)), "Hello");
  assert.equal(textAfter(say("Hello", 0), say("el", 1)), "Hello");
  assert.equal(textAfter(say("Hel", 0), say("world", 6)), "…world");
  assert.equal(textAfter(say("Hel"), say("lo")), "Hello");
});

test("WEB8 who joins late sees what is in flight and goes on with it", () => {
  const told: InFlight = {
    runId: "run_1",
    sequenceNumber: 9,
    messages: [
      {
        messageId: "m",
        text: "Hel",
        textOffset: 0,
        thinking: "hm",
        thinkingOffset: 4,
        sources: [],
      },
    ],
    toolCalls: [
      { toolCallId: "c", name: "shell", input: 1, output: "ab", outputOffset: 7, status: null },
    ],
  };
  const inFlight = new InFlightText();
  inFlight.reset(told);
  inFlight.take(say("lo", 3));
  inFlight.take(frame("tool_output_delta", { toolCallId: "c", delta: "c", offset: 9 }));
  inFlight.take(frame("tool_call_completed", { toolCallId: "c", status: "completed" }));
  assert.deepEqual(inFlight.view(), [
    { kind: "message", id: "m", text: "Hello", thinking: "hm", isCut: true },
    {
      kind: "call",
      id: "c",
      name: "shell",
      input: 1,
      output: "abc",
      outputOffset: 7,
      status: "completed",
    },
  ]);
});

test("WEB8 the durable event takes the place of what was in flight, the run's end of all of it", () => {
  const inFlight = new InFlightText();
  const event = (type: string, payload: object) => ({ type, payload }) as unknown as Event;
  inFlight.take(say("Hel"));
  inFlight.take(frame("tool_call_started", { toolCallId: "m", name: "shell" }));
  inFlight.settle(event("assistant_message", { messageId: "m" }));
  assert.deepEqual(
    inFlight.view().map(({ kind, id }) => [kind, id]),
    [["call", "m"]],
  );
  inFlight.settle(event("run_completed", { status: "completed" }));
  assert.deepEqual(inFlight.view(), []);
});
