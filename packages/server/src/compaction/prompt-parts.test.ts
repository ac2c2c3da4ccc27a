/** Cutting transcripts into parts: order, size, number, memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "@spool/protocol/resources";
import { longThread, threadEvent } from "../testing/model-fixture.ts";
import { SeededRandom } from "../testing/seeded-random.ts";
import { planParts, textsOfParts } from "./prompt-parts.ts";

const partsMax = 24;

async function partsOf(events: readonly Event[], budget: number): Promise<string[]> {
  const plan = await planParts(events, { budget, partsMax });
  const parts: string[] = [];
  if (plan !== null) for await (const part of textsOfParts(plan)) parts.push(part);
  return parts;
}

/** Threads of all shapes: turns of one event or many, texts short and long, tools in between. */
function randomThread(random: SeededRandom): Event[] {
  const most = random.pick([10, 300, 20_000]);
  return Array.from({ length: 1 + random.below(200) }, (_, index) => {
    const text = `<${index}>${random.pick(["é", "🧵", "x"]).repeat(random.below(most))}`;
    switch (random.below(6)) {
      case 0:
        return threadEvent(index + 1, "user_message", { content: text });
      case 1:
        return threadEvent(index + 1, "assistant_message", { content: [{ type: "text", text }] });
      case 2:
        return threadEvent(index + 1, "run_started", {});
      case 3:
        return threadEvent(index + 1, "tool_call", { toolCallId: "c", name: "t", input: text });
      default:
        return threadEvent(index + 1, "tool_result", { toolCallId: "c", output: text });
    }
  });
}

test("ROL19 every event is in one part, in order, and no part is over the budget", async () => {
  for (let seed = 1; seed <= 150; seed += 1) {
    const random = new SeededRandom(seed);
    const events = randomThread(random);
    const budget = random.pick([6_000, 20_000, 240_000]);
    const parts = await partsOf(events, budget);
    const numbers = [...parts.join("").matchAll(/<(\d+)>/g)].map(([, index]) => Number(index));
    const told = events.flatMap(({ type }, index) => (type === "run_started" ? [] : [index]));
    const where = `seed ${seed}`;
    if (!parts.some((part) => part.includes("events are left out here"))) {
      assert.deepEqual(numbers, told, where);
    }
    assert.ok(
      parts.every((part) => part.length <= budget + 100 && part.isWellFormed()),
      where,
    );
    assert.ok(parts.length <= partsMax + 2, `${where}: ${parts.length} parts`);
  }
});

test("ROL19 a turn is divided only where it does not fit by itself", async () => {
  const events = [...longThread(3, 1_500), ...longThread(1, 100)];
  const many = Array.from({ length: 20 }, (_, index) =>
    threadEvent(9 + index, "assistant_message", { content: `more-${index} ${"x".repeat(900)}` }),
  );
  const parts = await partsOf([...events, ...many], 6_000);
  assert.match(parts[0] ?? "", /^\[user\]\nquestion-0\.[\s\S]*answer-2\.[\s\S]*x\n\n$/);
  assert.match(parts[1] ?? "", /^\[user\]\nquestion-0\.[\s\S]*more-0/);
  assert.ok(parts.length > 3);
});

test("ROL19 for too many parts texts are cut shorter before anything is left out", async () => {
  const parts = await partsOf(longThread(600, 60_000), 240_000);
  assert.ok(parts.length <= partsMax + 2 && parts.length > 4);
  const turns = [...parts.join("").matchAll(/question-(\d+)\./g)].map(([, turn]) => Number(turn));
  assert.deepEqual(
    turns,
    Array.from({ length: 600 }, (_, turn) => turn),
  );
});

test("ROL19 last the middle is left out, and the part says how much", async () => {
  const parts = await partsOf(longThread(5_000, 10), 6_000);
  assert.ok(parts.length <= partsMax + 2);
  const all = parts.join("");
  const missing = Number(/\[(\d+) events are left out here\]/.exec(all)?.[1]);
  const told = [...all.matchAll(/\[(user|assistant)\]/g)].length;
  assert.equal(missing + told, 10_000);
  assert.ok(all.includes("question-0.") && all.includes("answer-4999."));
});

test("ROL18 a thread of 50 MB is read in parts, with memory for a part", async () => {
  const output = "z".repeat(50_000);
  const events = Array.from({ length: 1_000 }, (_, index) =>
    index % 10 === 0
      ? threadEvent(index + 1, "user_message", { content: `go on ${index}` })
      : threadEvent(index + 1, "tool_result", { toolCallId: "c", output: { output, index } }),
  );
  const plan = await planParts(events, { budget: 240_000, partsMax });
  assert.ok(plan !== null);
  let [parts, longest] = [0, 0];
  for await (const part of textsOfParts(plan)) {
    parts += 1;
    longest = Math.max(longest, part.length);
  }
  assert.ok(parts <= partsMax + 2 && longest <= 240_000);
});

test("ROL19 nothing to read is no plan", async () => {
  assert.equal(await planParts([], { budget: 6_000, partsMax }), null);
  assert.equal(
    await planParts([threadEvent(1, "run_started", {})], { budget: 6_000, partsMax }),
    null,
  );
});
