/** Events become items: each event in exactly one, results with their calls (WEB7). Seeded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "@spool/protocol/resources";
import fc from "fast-check";
import { Conversation, type Item } from "./conversation.ts";

type Draft = { readonly type: string; readonly runId?: string; readonly payload?: object };

function eventsOf(drafts: readonly Draft[]): Event[] {
  return drafts.map(({ type, runId = "run_1", payload = {} }, index) => ({
    sequence: index + 1,
    type,
    threadId: "thr_1",
    rolloutId: "rol_1",
    runId,
    createdAt: new Date(index * 1_000).toISOString(),
    payload: payload as Event["payload"],
  }));
}

function itemsOf(drafts: readonly Draft[]): readonly Item[] {
  return new Conversation(eventsOf(drafts)).items;
}

const call = (id: string, runId = "run_1") =>
  ({ type: "tool_call", runId, payload: { toolCallId: id, name: "shell", input: {} } }) as const;
const result = (id: string, runId = "run_1") =>
  ({ type: "tool_result", runId, payload: { toolCallId: id, output: "" } }) as const;

/** The sequences an item stands for. */
function sequencesOf(item: Item): number[] {
  const events =
    item.kind === "tool"
      ? [item.call, item.result]
      : item.kind === "compaction"
        ? [item.started, item.completed]
        : [item.event];
  return events.flatMap((event) => (event === null ? [] : [event.sequence]));
}

const drafts = fc.array(
  fc.record(
    {
      type: fc.constantFrom(
        ...["run_started", "run_completed", "user_message", "assistant_message", "tool_call"],
        ...["tool_result", "custom", "compaction_started", "compaction_completed", "odd_type"],
      ),
      runId: fc.constantFrom("run_1", "run_2"),
      payload: fc.record({ toolCallId: fc.constantFrom("a", "b", "__proto__") }),
    },
    { noNullPrototype: true },
  ),
  { maxLength: 60 },
);

test("WEB7 every event stands in exactly one item, in the order of their first events", () => {
  fc.assert(
    fc.property(drafts, (drafts) => {
      const items = itemsOf(drafts);
      const sequences = items.flatMap(sequencesOf).sort((a, b) => a - b);
      assert.deepEqual(
        sequences,
        drafts.map((_, index) => index + 1),
      );
      const firsts = items.map((item) => item.sequence);
      assert.deepEqual(
        firsts,
        [...firsts].sort((a, b) => a - b),
      );
      assert.equal(new Set(items.map((item) => item.key)).size, items.length);
    }),
    { seed: 7 },
  );
});

test("WEB7 a conversation that grows is the one that was read at once, and keeps what stands", () => {
  fc.assert(
    fc.property(drafts, fc.nat(), (drafts, at) => {
      const events = eventsOf(drafts);
      const split = events.length === 0 ? 0 : at % events.length;
      const grown = new Conversation(events.slice(0, split));
      const before = grown.items;
      grown.append(events.slice(split));
      assert.deepEqual(grown.items, new Conversation(events).items);
      const changed = before.filter((item, index) => grown.items[index] !== item);
      // Only calls and compactions wait for a second event.
      assert(changed.every((item) => item.kind === "tool" || item.kind === "compaction"));
    }),
    { seed: 8 },
  );
});

test("WEB7 a result joins the call of its run; without one, or a second one, it stands alone", () => {
  const items = itemsOf([call("a"), call("a", "run_2"), result("a", "run_2"), result("b")]);
  assert.deepEqual(items.map(sequencesOf), [[1], [2, 3], [4]]);
  const again = itemsOf([call("a"), result("a"), result("a")]);
  assert.deepEqual(again.map(sequencesOf), [[1, 2], [3]]);
});

test("WEB7 the end of a run knows when it began; a compaction is one item", () => {
  const [, end] = itemsOf([{ type: "run_started" }, { type: "run_completed" }]);
  assert(end?.kind === "run-end" && end.startedAt === "1970-01-01T00:00:00.000Z");
  const [alone] = itemsOf([{ type: "run_completed" }]);
  assert(alone?.kind === "run-end" && alone.startedAt === null);
  const compacted = itemsOf([{ type: "compaction_started" }, { type: "compaction_completed" }]);
  assert.deepEqual(compacted.map(sequencesOf), [[1, 2]]);
});
