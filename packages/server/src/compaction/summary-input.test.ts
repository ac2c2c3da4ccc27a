/** What a summariser gets of small, long and huge rollouts. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import { encodeEvent } from "../store/event-line.ts";
import { SummaryInput } from "./summary-input.ts";

const limits = { wholeBytes: 2_000, bytesMax: 4_000, firstEvents: 3, textCharacters: 100 };

function lineOf(sequence: number, content: string): Buffer {
  return encodeEvent({
    ...{ sequence, type: "user_message", threadId: "thr_1", rolloutId: "rol_1", runId: null },
    ...{ createdAt: "2026-01-01T00:00:00.000Z", payload: { content, parts: [{ text: content }] } },
  }).line;
}

function inputOf(contents: readonly string[], some = limits): SummaryInput {
  const input = new SummaryInput(some);
  for (const [index, content] of contents.entries()) input.add(lineOf(index + 1, content));
  return input;
}

test("ROL14 a usual rollout is summarised from all of its events as they are", () => {
  const contents = ["a", "b".repeat(300), "c"];
  assert.deepEqual(
    inputOf(contents).events.map(({ sequence, payload }) => [sequence, payload.content]),
    contents.map((content, index) => [index + 1, content]),
  );
});

test("ROL14 long texts of older events are cut in the middle, the newest stay whole", () => {
  const { events } = inputOf([`s${"x".repeat(3_000)}e`, "y".repeat(800)], limits);
  const [older, newest] = events;
  assert.match(
    String(older?.payload.content),
    /^sx{49}\n\[… 2902 characters left out …\]\nx{49}e$/,
  );
  assert.deepEqual(older?.payload.parts, [{ text: older?.payload.content }]);
  assert.equal(newest?.payload.content, "y".repeat(800));
});

test("ROL14 of a huge rollout the first events and the newest stay, in order", () => {
  const contents = Array.from({ length: 30_000 }, (_, index) => `message ${index + 1}`);
  const sequences = inputOf(contents).events.map(({ sequence }) => sequence);
  assert.deepEqual(sequences.slice(0, 3), [1, 2, 3]);
  assert.equal(sequences.at(-1), 30_000);
  const rest = sequences.slice(3);
  assert.deepEqual(
    rest,
    rest.map((_, index) => (rest[0] as number) + index),
  );
  assert.ok(rest.length >= 20 && rest.length <= 100, `${rest.length} events behind the first`);
});

test("ROL14 half of a pair is never left where a text was cut", () => {
  const [first] = inputOf([`${"😀".repeat(2_000)}`, "z"], {
    ...limits,
    textCharacters: 101,
  }).events;
  assert.ok(String(first?.payload.content).isWellFormed());
});
