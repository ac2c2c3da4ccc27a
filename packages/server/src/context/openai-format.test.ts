/** The format `openai`, handed to OpenAI's own library and a server with the API's rules. */
import { strict as assert } from "node:assert";
import { after, before, test } from "node:test";
import type { OpenAiMessage } from "@spool/protocol/context-formats";
import OpenAI from "openai";
import { openAiProblems } from "../testing/api-rules.ts";
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

function written(conversation: Conversation): OpenAiMessage[] {
  const body = writtenIn("openai", takenBy("openai", conversation));
  return JSON.parse(wellFormedJson(body)).messages;
}

const png = {
  type: "image",
  source: { type: "base64", media_type: "image/png", data: "iVBORw0K" },
};

test("CTX7 openai: summary, text, calls and results in the API's shape", () => {
  const conversation = talk(
    compacted({ summary: "so far" }),
    user([{ type: "text", text: "look" }, png]),
    assistant([
      { type: "thinking", text: "hm" },
      { type: "text", text: "reading" },
    ]),
    call("a", "read.file", { path: "x" }),
    call("b", "apply_patch", "*** Begin Patch"),
    result("a", { size: 3 }),
    assistant("done"),
  );
  const url = "data:image/png;base64,iVBORw0K";
  assert.deepEqual(written(conversation), [
    {
      role: "user",
      content: "This conversation goes on from an earlier part, whose summary is:\n\nso far",
    },
    {
      role: "user",
      content: [
        { type: "text", text: "look" },
        { type: "image_url", image_url: { url } },
      ],
    },
    {
      role: "assistant",
      content: "reading",
      tool_calls: [
        { id: "a", type: "function", function: { name: "read_file", arguments: '{"path":"x"}' } },
        {
          id: "b",
          type: "function",
          function: { name: "apply_patch", arguments: '{"input":"*** Begin Patch"}' },
        },
      ],
    },
    { role: "tool", tool_call_id: "a", content: '{"size":3}' },
    {
      role: "tool",
      tool_call_id: "b",
      content: "Error: No result was recorded: the call was interrupted, or had not ended yet.",
    },
    { role: "assistant", content: "done" },
  ]);
});

test("CTX7 openai: errors say so, an image of a result follows as the user's", () => {
  const messages = written(
    talk(
      user("go"),
      call("a", "t", {}),
      call("b", "t", {}),
      result("a", "denied", { isError: true }),
      result("b", [{ type: "text", text: "shot" }, png]),
    ),
  );
  assert.deepEqual(
    messages.slice(2).map(({ role, content }) => [role, typeof content === "string" && content]),
    [
      ["tool", "Error: denied"],
      ["tool", "shot\n[image below]"],
      ["user", false],
    ],
  );
});

test("CTX7 openai: ids and names that the API refuses are mapped, the same way each time", () => {
  const long = "x".repeat(60);
  const conversation = talk(
    ...[user("go"), call(long, "é".repeat(80), {}), result(long, 1)],
    ...[user("go"), call(long, "t", {}), result(long, 1)],
  );
  const [first, second] = [written(conversation), written(conversation)];
  assert.deepEqual(first, second);
  assert.deepEqual(openAiProblems(first), []);
});

test("CTX7 openai: what its library takes by type, the API takes by value", async () => {
  const client = new OpenAI({ apiKey: "none", baseURL: `${server.url}/v1`, maxRetries: 0 });
  for (let seed = 1; seed <= 40; seed += 1) {
    const conversation = conversationOf(historyOf(randomEvents(seed)));
    const messages: OpenAI.ChatCompletionMessageParam[] = written(conversation);
    const { choices } = await client.chat.completions.create({ model: "any", messages });
    assert.equal(choices[0]?.message.content, "going on", `seed ${seed}`);
  }
  assert.equal(server.accepted(), 40);
});

test("CTX7 openai: of any history, also one cut to fit, the messages obey the API", () => {
  for (let seed = 1; seed <= 400; seed += 1) {
    const conversation = conversationOf(historyOf(randomEvents(seed)));
    const cut = fitTokens(conversation, 20 + (seed % 60)).conversation;
    for (const one of [conversation, cut]) {
      assert.deepEqual(openAiProblems(written(one)), [], `seed ${seed}`);
    }
  }
});
