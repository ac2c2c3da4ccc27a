/**
 * Seeded rollouts of every kind a publisher may write: blocks and groups, calls in parallel,
 * results late, twice, early or never, parts of unknown types, empty and hostile text, kept
 * replacements. The same seed gives the same events. For tests only.
 */
import type { SourceEvent } from "../context/history.ts";
import { SeededRandom } from "./seeded-random.ts";
import { assistant, call, compacted, type Draft, eventsOf, result, user } from "./source-events.ts";

const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const texts = [
  ...[
    "",
    " ",
    "\n\t ",
    "ok",
    "Run the tests.",
    "We decided to keep the queue bounded. ",
    "😀".repeat(40),
  ],
  ...["ends in half \ud83d", "```ts\nconst a = 1;\n```", "x".repeat(3_000), "a\u0000b\u2028c"],
];
const parts = [
  { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } },
  { type: "image", source: { type: "base64", media_type: "image/png", data: "not base64!" } },
  { type: "image", source: { type: "base64", media_type: "image/tiff", data: pixel } },
  { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
  { type: "image", source: { type: "file", path: "/home/ann/a.png" } },
  { type: "image_url", image_url: { url: `data:image/png;base64,${pixel}` } },
  { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0x" } },
  { type: "document", source: { type: "base64", media_type: "text/rtf", data: "JVBERi0x" } },
  { type: "audio", data: "x".repeat(50) },
  { type: "tool_call", toolCallId: "fake" },
  { type: "redacted_thinking", data: "opaque" },
];
const ids = ["call_1", "call_2", "with space/and:colon", "ü", "x".repeat(200)];
const names = ["Bash", "mcp.server/tool", "exec_command", "n".repeat(100), "é"];
const inputs = [
  ...[null, "free text", 7, [1, 2], {}, { command: "npm test" }, { file_path: "src/a.ts" }],
  ...[{ cmd: "sed -n 1,20p a.ts" }, { deep: { list: ["x".repeat(500)] } }],
];
const outputs = [
  ...["", "   ", "done", null, { exit: 1 }, ["a", "b"], [], "y".repeat(2_000)],
  ...[[{ type: "text", text: "seen" }], [{ type: "text", text: "" }], [parts[0]], [{ a: 1 }]],
];

/** Up to `lengthMax` events. */
export function randomEvents(seed: number, lengthMax = 60): SourceEvent[] {
  const random = new SeededRandom(seed);
  const length = 1 + random.below(lengthMax);
  const drafts = Array.from({ length }, () => randomDraft(random));
  if (random.chance(0.4)) drafts.unshift(randomCompaction(random));
  return eventsOf(...drafts);
}

function randomDraft(random: SeededRandom): Draft {
  const more = random.chance(0.3) ? { groupId: random.pick(["g1", "g2"]) } : {};
  const isError = random.chance(0.3) ? { isError: true } : {};
  const kind = random.below(10);
  if (kind < 2) return user(randomContent(random, false));
  if (kind < 5) {
    const id = random.chance(0.3) ? { messageId: random.pick(["m1", "m2:0", "m2:1"]) } : {};
    return assistant(randomContent(random, true), { ...more, ...id });
  }
  if (kind < 7) return call(random.pick(ids), random.pick(names), random.pick(inputs), more);
  if (kind < 9) return result(random.pick(ids), random.pick(outputs), isError);
  const failed = compacted({ status: "failed", error: "no model" });
  return random.chance(0.5) ? failed : { type: "custom", payload: { name: "plan", data: 1 } };
}

function randomContent(random: SeededRandom, thinks: boolean): unknown {
  if (random.chance(0.5)) return random.pick(texts);
  return Array.from({ length: random.below(4) }, () => {
    const thought = { type: "thinking", text: random.pick(["", "hm", "let me see"]) };
    if (thinks && random.chance(0.4)) {
      return random.chance(0.5) ? { ...thought, signature: "c2ln" } : thought;
    }
    return random.chance(0.5) ? { type: "text", text: random.pick(texts) } : random.pick(parts);
  });
}

function randomCompaction(random: SeededRandom): Draft {
  const summary = `Earlier: ${random.pick(texts)}`;
  if (random.chance(0.5)) return compacted({ summary });
  const kept = Array.from({ length: random.below(5) }, () => randomDraft(random));
  const odd = [{ type: 3 }, null, { type: "user_message", payload: { content: [1, null, "a"] } }];
  const first = random.chance(0.7) ? [user(summary, { isSummary: true })] : [];
  return compacted({ replacement: [...first, ...odd, ...kept] });
}
