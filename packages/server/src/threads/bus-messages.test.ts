/**
 * Proves what watchers are told of a command: each effect they may see, in order, with the stored
 * line as it is.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { busMessages } from "./bus-messages.ts";
import { cancel, create, given, publish, remove, start, update } from "./decide-specification.ts";

const occurredAt = "2026-01-01T00:00:00Z";
const delta = (more: object) => ({
  type: "assistant_message_delta",
  payload: { messageId: "m", delta: "x" },
  ...more,
});
const message = { type: "user_message", payload: { content: "hi" } };

test("PUB18 LIVE6 events, titles and transient frames are told in the order of the effects", () => {
  const frames = [delta({ sequenceNumber: 1, occurredAt }), message, delta({ sequenceNumber: 2 })];
  const { decision } = given(start("run_1"))
    .when(publish("run_1", frames, { rolloutId: "rol_made1" }))
    .gives(
      "~assistant_message_delta 1",
      "user_message 2",
      'renamed "hi"',
      "~assistant_message_delta 2",
    );
  const event = decision.changes[0];
  assert.ok(event?.kind === "event");
  const frame = {
    type: "assistant_message_delta",
    runId: "run_1",
    rolloutId: "rol_made1",
    payload: { messageId: "m", delta: "x" },
    cut: false,
  };
  assert.deepEqual(busMessages(decision), [
    { kind: "transient", frame: { ...frame, sequenceNumber: 1, occurredAt } },
    { kind: "event", sequence: 2, event: event.event, line: event.line },
    { kind: "renamed", title: "hi", titleSource: "message" },
    { kind: "transient", frame: { ...frame, sequenceNumber: 2, occurredAt: null } },
  ]);
});

test("RUN7 a cancelled run is told to its publishers, before its end to everybody", () => {
  const { decision } = given(start("run_1")).when(cancel()).gives("run_completed");
  const kinds = busMessages(decision).map(({ kind }) => kind);
  assert.deepEqual(kinds, ["cancel_requested", "event"]);
});

test("THR3 THR9 DEL5 what is no event is told as it is now", () => {
  const edited = given(create()).when(update({ title: "T", metadata: {}, archived: true }));
  const { decision, scenario } = edited.gives('renamed "T"', "archived", "metadata_set");
  assert.deepEqual(busMessages(decision), [
    { kind: "renamed", title: "T", titleSource: "user" },
    { kind: "archived", archived: true },
  ]);
  assert.deepEqual(busMessages(scenario.do(update({ archived: false }))), [
    { kind: "archived", archived: false },
  ]);
  assert.deepEqual(busMessages(scenario.do(remove())), [{ kind: "deleted" }]);
});

test("LIVE1 creation and metadata alone are told to nobody", () => {
  const { decision } = given().when(create()).gives("thread_created");
  assert.deepEqual(busMessages(decision), []);
});
