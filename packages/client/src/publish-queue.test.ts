/** What waits to be published: merged, bounded and cut into messages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { durableEntry, type Entry, transientEntry } from "./publish-frames.ts";
import { PublishQueue } from "./publish-queue.ts";

const settle = { resolve: () => {}, reject: () => {} };
const durable = (data: unknown = 1) =>
  durableEntry({ type: "custom", payload: { name: "n", data } }, settle);
const delta = (text: string, offset: number, fields: object = {}, type = "tool_output_delta") =>
  transientEntry({ type, payload: { toolCallId: "t", delta: text, ...fields } }, offset);
const queueOf = (...entries: Entry[]) => {
  const queue = new PublishQueue();
  for (const entry of entries) queue.push(entry);
  return queue;
};
const textsOf = (entries: readonly Entry[]) =>
  entries.map((entry) => (entry.durable ? "durable" : entry.payload.delta));

test("PUB18 a delta joins the one before it only where it is its continuation", () => {
  const merged = (...entries: Entry[]) => textsOf(queueOf(...entries).take(false));
  assert.deepEqual(merged(delta("a", 0), delta("b", 1), delta("c", 2)), ["abc"]);
  assert.deepEqual(merged(delta("a", 0), durable(), delta("b", 1)), ["a", "durable", "b"]);
  assert.deepEqual(merged(delta("a", 0), delta("b", 5)), ["a", "b"]);
  assert.deepEqual(merged(delta("a", 0), delta("b", 1, { stream: "stderr" })), ["a", "b"]);
  const other = delta("b", 1, { toolCallId: "u" });
  assert.deepEqual(merged(delta("a", 0), other), ["a", "b"]);
  const sent = delta("a", 0);
  sent.number = 1;
  assert.deepEqual(merged(sent, delta("b", 1)), ["a", "b"]);
});

test("PUB2 a message has at most 1,000 frames and 1 MiB, but always one", () => {
  const many = queueOf(...Array.from({ length: 1_001 }, () => durable()));
  assert.equal(many.fillsMessage, true);
  assert.deepEqual([many.take(false).length, many.take(false).length, many.length], [1_000, 1, 0]);
  const large = queueOf(...[1, 2, 3].map(() => durable("ä".repeat(400 * 1024))));
  assert.deepEqual([large.take(false).length, large.length], [1, 2]);
  const durableOnly = queueOf(durable(), delta("a", 0), durable());
  assert.deepEqual([durableOnly.take(true).length, durableOnly.take(true).length], [1, 0]);
});

test("PUB13 over the bound the oldest transient frames go, durable ones never", () => {
  const queue = queueOf(durable(), delta("a", 0), durable(), delta("b", 9));
  queue.shedTransient(queue.bytes - 1);
  assert.deepEqual(textsOf(queue.take(false)), ["durable", "durable", "b"]);
  const rest = queueOf(delta("a", 0), durable(), delta("b", 9));
  rest.dropLeadingTransient();
  assert.deepEqual(textsOf(rest.take(false)), ["durable", "b"]);
});

test("WIRE6 the bytes of what waits add up, whatever comes and goes", () => {
  const steps = fc.array(fc.constantFrom("durable", "delta", "take", "shed", "back"), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, (names) => {
      const queue = new PublishQueue();
      let taken: Entry[] = [];
      for (const [index, name] of names.entries()) {
        if (name === "durable") queue.push(durable(index));
        else if (name === "delta") queue.push(delta("äx", index * 2));
        else if (name === "take") taken = queue.take(false);
        else if (name === "shed") queue.shedTransient(queue.bytes / 2);
        else {
          queue.putBack(taken);
          taken = [];
        }
      }
      const { bytes, hasDurable, length } = queue;
      const all = queue.takeAll();
      assert.equal(all.length, length);
      assert.equal(
        all.reduce((sum, entry) => sum + entry.bytes, 0),
        bytes,
      );
      assert.equal(
        hasDurable,
        all.some((entry) => entry.durable),
      );
    }),
  );
});
