/** What a screen reader is told of new messages: whole messages, never every delta (WEB38). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "@spool/protocol/resources";
import { announcement } from "./announcement.ts";
import { Conversation } from "./conversation.ts";

let sequence = 0;
const event = (type: string, payload: Record<string, unknown>) => {
  sequence += 1;
  const place = { threadId: "thr_a", rolloutId: "rol_a", runId: "run_a" };
  return { ...place, sequence, type, payload, createdAt: "2026-01-01T00:00:00.000Z" } as Event;
};
const said = (events: Event[], after: number) =>
  announcement(new Conversation(events).items, after);

test("WEB38 one message is read out, of several the last, nothing of what is known", () => {
  sequence = 0;
  const events = [
    event("user_message", { content: "Hello" }),
    event("assistant_message", { content: [{ type: "text", text: "Hi\n\n there" }] }),
    event("tool_call", { toolCallId: "t", name: "ls", input: {} }),
  ];
  assert.equal(said(events, 3), null);
  assert.equal(said(events, 2), null);
  assert.equal(said(events, 1), "Assistant: Hi there");
  assert.equal(said(events, 0), "2 new messages. The last: Assistant: Hi there");
});

test("WEB38 a run's end is said; a message without text, or a long one, is said shortly", () => {
  sequence = 0;
  const thinking = { type: "thinking", text: "hm" };
  const odd = [null, 5, { type: "image" }, { type: "text", text: {} }];
  const events = [
    event("assistant_message", { content: [thinking, ...odd] }),
    event("run_completed", { status: "completed" }),
    event("assistant_message", { content: "🧵".repeat(500) }),
    event("run_completed", { status: "cancelled" }),
  ];
  assert.equal(said(events.slice(0, 1), 0), "Assistant: a message without text");
  assert.equal(
    said(events.slice(0, 2), 0),
    "Assistant: a message without text The run is complete.",
  );
  assert.equal(said(events, 2), `Assistant: ${"🧵".repeat(240)} … The run ended: cancelled.`);
});
