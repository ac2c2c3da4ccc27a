/** The format `ai-sdk`, checked and turned into model messages by the AI SDK itself. */
import { strict as assert } from "node:assert";
import { test } from "node:test";
import type { AiSdkMessage } from "@spool/protocol/context-formats";
import { convertToModelMessages, modelMessageSchema, type UIMessage, validateUIMessages } from "ai";
import { randomEvents } from "../testing/random-history.ts";
import { assistant, call, compacted, result, talk, user } from "../testing/source-events.ts";
import { type Conversation, conversationOf } from "./conversation.ts";
import { fitTokens } from "./fit-tokens.ts";
import { takenBy, writtenIn } from "./formats.ts";
import { historyOf } from "./history.ts";
import { wellFormedJson } from "./well-formed.ts";

function written(conversation: Conversation): AiSdkMessage[] {
  const body = writtenIn("ai-sdk", takenBy("ai-sdk", conversation));
  return JSON.parse(wellFormedJson(body)).messages;
}

const text = (value: string) => ({ type: "text", text: value, state: "done" });

test("CTX7 ai-sdk: a turn's answer is one message of steps, calls hold their results", () => {
  const image = { type: "image", source: { type: "url", url: "https://example.com/a.png" } };
  const messages = written(
    talk(
      compacted({ summary: "so far" }),
      user([{ type: "text", text: "look" }, image], { messageId: "u" }),
      assistant([{ type: "thinking", text: "hm", signature: "sig" }], { messageId: "m" }),
      call("a", "read", { path: "x" }),
      result("a", { size: 3 }),
      call("b", "read", "y"),
      assistant("done", { messageId: "m" }),
    ),
  );
  const providerMetadata = { anthropic: { signature: "sig" } };
  const tool = { type: "dynamic-tool", toolName: "read" };
  const failed = "No result was recorded: the call was interrupted, or had not ended yet.";
  assert.deepEqual(messages, [
    {
      id: "summary",
      role: "user",
      metadata: { sequence: null, summary: true },
      parts: [text("This conversation goes on from an earlier part, whose summary is:\n\nso far")],
    },
    {
      id: "u",
      role: "user",
      metadata: { sequence: 2 },
      parts: [text("look"), { type: "file", mediaType: "image/*", url: image.source.url }],
    },
    {
      id: "m",
      role: "assistant",
      metadata: { sequence: 3 },
      parts: [
        { type: "step-start" },
        { type: "reasoning", text: "hm", state: "done", providerMetadata },
        {
          ...{ ...tool, toolCallId: "a", input: { path: "x" } },
          ...{ state: "output-available", output: { size: 3 } },
        },
        { type: "step-start" },
        {
          ...{ ...tool, toolCallId: "b", input: { input: "y" } },
          ...{ state: "output-error", errorText: failed },
        },
        { type: "step-start" },
        text("done"),
      ],
    },
  ]);
});

test("CTX7 ai-sdk: ids are unique, also where messages have none or the same", () => {
  const same = { messageId: "m" };
  const messages = written(talk(user("a", same), user("b", same), user("c"), assistant("d", same)));
  const ids = messages.map(({ id }) => id);
  assert.deepEqual(ids, ["m", "m-2", "event-3", "m-3"]);
});

test("CTX7 ai-sdk: of any history, also one cut to fit, the SDK takes the messages", async () => {
  let checked = 0;
  for (let seed = 1; seed <= 200; seed += 1) {
    const conversation = conversationOf(historyOf(randomEvents(seed)));
    const cut = fitTokens(conversation, 20 + (seed % 60)).conversation;
    for (const one of [conversation, cut]) {
      const messages: UIMessage[] = written(one);
      if (messages.length === 0) continue;
      assert.deepEqual(await validateUIMessages({ messages }), messages, `seed ${seed}`);
      const found = await convertToModelMessages(messages);
      for (const message of found) {
        const { error } = modelMessageSchema.safeParse(message);
        assert.equal(error, undefined, `seed ${seed}: ${error}`);
      }
      const parts = found.flatMap(({ content }) =>
        typeof content === "string" ? [] : (content as object[]),
      ) as { type: string; toolCallId?: string }[];
      const idsOf = (type: string) => {
        return parts.flatMap((part) => (part.type === type ? [part.toolCallId] : []));
      };
      // The providers refuse a call without its result, and a result without its call.
      assert.deepEqual(idsOf("tool-result").sort(), idsOf("tool-call").sort(), `seed ${seed}`);
      assert.equal(new Set(idsOf("tool-call")).size, idsOf("tool-call").length);
      checked += 1;
    }
  }
  assert.ok(checked > 300);
});
