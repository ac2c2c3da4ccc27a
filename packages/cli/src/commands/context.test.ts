/** `spool context` against a real server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SpoolClient } from "@spool/client/spool-client";
import { startTestServer, type TestServer } from "@spool/server/testing/test-server";
import { runSpool } from "../testing/run-spool.ts";

let server: TestServer;
let client: SpoolClient;
before(async () => {
  server = await startTestServer();
  client = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
  await client.publish({
    ...{ threadId: "thr_talk", runId: "run_a" },
    events: [
      { type: "run_started", payload: {} },
      { type: "compaction_completed", payload: { summary: "It began\nwell." } },
      { type: "user_message", payload: { content: "Why \x1b[31mred?" } },
      { type: "assistant_message", payload: { content: [{ type: "text", text: "Look:" }] } },
      { type: "tool_call", payload: { toolCallId: "a", name: "Bash", input: { command: "ls" } } },
      { type: "tool_call", payload: { toolCallId: "b", name: "Bash", input: { command: "rm" } } },
      { type: "tool_result", payload: { toolCallId: "a", output: "1\n2\n3\n4\n5\n6\n7\n8\n9" } },
    ],
  });
});
after(() => server.close());

function spool(...words: string[]) {
  const env = { SPOOL_URL: server.url, SPOOL_API_KEY: server.keys.owner };
  return runSpool(["context", ...words], { env });
}

test("CTX10 a context is printed for reading, safe for a terminal", async () => {
  const { code, out, err } = await spool("thr_talk");
  const lines = [
    ...["summary", "  It began", "  well."],
    ...["user", "  Why \\x1b[31mred?"],
    ...["assistant", "  Look:"],
    ...['tool call Bash {"command":"ls"}', "tool result"],
    ...["1", "2", "3", "4", "5", "6", "7", "8"].map((line) => `  ${line}`),
    ...["  … 1 more lines", 'tool call Bash {"command":"rm"}', "no result"],
  ];
  assert.deepEqual([code, out.trimEnd().split("\n")], [0, lines]);
  assert.match(err, /^about \d+ tokens, up to event 8\n$/);
});

test("CTX10 --json gives the answer, --format and --max-tokens what they say", async () => {
  const json = async (...words: string[]) => JSON.parse((await spool(...words, "--json")).out);
  const query = { format: "anthropic", maxTokens: 60 } as const;
  const answer = await client.threads.context("thr_talk", query);
  const asked = ["thr_talk", "--format", "anthropic", "--max-tokens", "60"];
  assert.deepEqual(await json(...asked), answer);
  assert.equal(answer.messages[0]?.role, "user");
  const own = await client.threads.context("thr_talk");
  assert.deepEqual(await json("thr_talk"), own);
  assert.equal(own.summary, "It began\nwell.");
  const { out } = await spool("thr_talk", "--format", "openai");
  const openAi = await client.threads.context("thr_talk", { format: "openai" });
  assert.deepEqual(JSON.parse(out), openAi.messages);
});

test("CTX10 what is wrong is said in one line", async () => {
  const [missing, format, tokens] = await Promise.all([
    spool("thr_missing"),
    spool("thr_talk", "--format", "xml"),
    spool("thr_talk", "--max-tokens", "0"),
  ]);
  assert.deepEqual([missing.code, format.code, tokens.code], [1, 2, 2]);
  assert.match(missing.err, /^spool: there is no such thread[^\n]*\n$/);
  assert.match(format.err, /Allowed choices are spool, openai, anthropic, ai-sdk/);
  assert.match(tokens.err, /whole number above 0/);
});
