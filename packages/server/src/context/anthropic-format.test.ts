/** The format `anthropic`, handed to Anthropic's own library and a server with the API's rules. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import type { AnthropicMessage } from "@spool/protocol/context-formats";
import { anthropicProblems } from "../testing/api-rules.ts";
import { type ModelServer, startModelServer } from "../testing/model-server.ts";
import { randomEvents } from "../testing/random-history.ts";
import { assistant, call, compacted, result, talk, user } from "../testing/source-events.ts";
import { type Conversation, conversationOf } from "./conversation.ts";
import { fitTokens } from "./fit-tokens.ts";
import { takenBy, writtenIn } from "./formats.ts";
import { historyOf } from "./history.ts";
import { wellFormedJson } from "./well-formed.ts";

let server: ModelServer;
before(async () => {
  server = await startModelServer();
});
after(() => server.close());

function written(conversation: Conversation): AnthropicMessage[] {
  const body = writtenIn("anthropic", takenBy("anthropic", conversation));
  return JSON.parse(wellFormedJson(body)).messages;
}

const source = { type: "base64", media_type: "image/png", data: "iVBORw0K" };
const png = { type: "image", source };
const text = (value: string) => ({ type: "text", text: value });
const summaryText = "This conversation goes on from an earlier part, whose summary is:\n\nso far";

test("CTX7 anthropic: roles take turns, results stand first behind their calls", () => {
  const messages = written(
    talk(
      compacted({ summary: "so far" }),
      user([text("look"), png]),
      assistant([{ type: "thinking", text: "hm", signature: "sig" }, text("reading")]),
      call("a", "read", { path: "x" }),
      user("hurry"),
      result("a", [text("seen"), png]),
      call("b", "apply patch", "*** Begin"),
      result("b", "denied", { isError: true }),
      assistant("done \n"),
    ),
  );
  assert.deepEqual(messages, [
    { role: "user", content: [text(summaryText), text("look"), png] },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm", signature: "sig" },
        text("reading"),
        { type: "tool_use", id: "a", name: "read", input: { path: "x" } },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "a", content: [text("seen"), png] },
        text("hurry"),
      ],
    },
    {
      role: "assistant",
      content: [{ type: "tool_use", id: "b", name: "apply_patch", input: { input: "*** Begin" } }],
    },
    {
      role: "user",
      content: [{ type: "tool_result", tool_use_id: "b", content: "denied", is_error: true }],
    },
    { role: "assistant", content: [text("done")] },
  ]);
});

test("CTX7 anthropic: thoughts stay only signed, and never at the end of a message", () => {
  const signed = { type: "thinking", text: "hm", signature: "sig" };
  const messages = written(
    talk(user("go"), assistant([{ type: "thinking", text: "hm" }, text("a"), signed]), user("on")),
  );
  assert.deepEqual(messages[1], { role: "assistant", content: [text("a")] });
  assert.deepEqual(
    written(talk(user("go"), assistant([signed]), user("on"))).map(({ role }) => role),
    ["user"],
  );
});

test("CTX7 anthropic: a conversation that begins with the assistant gets an opening", () => {
  const [first] = written(talk(assistant("still here")));
  assert.deepEqual(first, { role: "user", content: [text("[The conversation goes on.]")] });
});

test("CTX7 anthropic: an image in an error, and one of another type, are told in text", () => {
  const [, , answer] = written(
    talk(user("go"), call("a", "t", {}), result("a", [png], { isError: true })),
  );
  assert.deepEqual(answer?.content, [
    { type: "tool_result", tool_use_id: "a", content: "[image left out]", is_error: true },
  ]);
  const tiff = { type: "image", source: { ...source, media_type: "image/tiff" } };
  assert.deepEqual(written(talk(user([tiff])))[0]?.content, [text("[image left out]")]);
});

test("CTX7 anthropic: what its library takes by type, the API takes by value", async () => {
  const client = new Anthropic({ apiKey: "none", baseURL: server.url, maxRetries: 0 });
  for (let seed = 1; seed <= 40; seed += 1) {
    const conversation = conversationOf(historyOf(randomEvents(seed)));
    const messages: Anthropic.MessageParam[] = written(conversation);
    const answer = await client.messages.create({ model: "any", max_tokens: 10, messages });
    assert.deepEqual(answer.content, [text("going on")], `seed ${seed}`);
  }
  assert.equal(server.accepted(), 40);
});

test("CTX7 anthropic: of any history, also one cut to fit, the messages obey the API", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const conversation = conversationOf(historyOf(randomEvents(seed)));
    const cut = fitTokens(conversation, 20 + (seed % 60)).conversation;
    for (const one of [conversation, cut]) {
      assert.deepEqual(anthropicProblems(written(one)), [], `seed ${seed}`);
    }
  }
});
