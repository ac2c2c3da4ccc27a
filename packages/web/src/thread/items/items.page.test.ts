/**
 * The items of a conversation in a real browser: while they are written, when they are done, and
 * what can be unfolded, followed and copied (WEB21, WEB23–WEB29).
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { type PageFixture, startPage } from "../../testing/page-fixture.ts";
import { texts } from "../../texts.ts";

let fixture: PageFixture;
let page: Page;
before(async () => {
  fixture = await startPage();
  page = await fixture.signIn();
});
after(() => fixture.close());

type Frame = { readonly type: string; readonly payload: Record<string, unknown> };

const started: Frame = {
  type: "run_started",
  payload: { agentId: "codex", model: "gpt-5.2", executionMode: "local" },
};
const frame = (type: string, payload: Record<string, unknown>): Frame => ({ type, payload });

/** Publishes durable frames of the thread's run. */
const publish = (name: string, ...events: readonly Frame[]) =>
  fixture.client.publish({ threadId: `thr_${name}`, runId: `run_${name}`, events: [...events] });

let sequenceNumber = 0;
/** Publishes transient frames of the thread's run. */
async function stream(name: string, rolloutId: string, ...events: readonly Frame[]): Promise<void> {
  const numbered = events.map((event) => {
    sequenceNumber += 1;
    return { ...event, sequenceNumber };
  });
  const threadId = `thr_${name}`;
  await fixture.client.publish({ threadId, runId: `run_${name}`, rolloutId, events: numbered });
}

/** Opens a thread, in the page that stays. */
async function open(name: string, query = ""): Promise<void> {
  await page.goto(`${fixture.server.url}/threads/thr_${name}${query}`);
  await page.locator(".item").first().waitFor();
}

test("WEB21 a message is the same while it is written and when it is done", async () => {
  const { rolloutId } = await publish("writing", started);
  await open("writing");
  const text = "# Title\n\nA *paragraph*\n\n- a\n- b\n\n```ts\nconst a = 1;\n```\n\nThe end.";
  const messageId = "m1";
  for (let at = 0; at < text.length; at += 7) {
    const delta = frame("assistant_message_delta", {
      messageId,
      delta: text.slice(at, at + 7),
      offset: at,
    });
    await stream("writing", rolloutId, delta);
  }
  const writing = page.locator("[data-writing] .markdown");
  await writing.getByText("The end.").waitFor();
  const [before, height] = await Promise.all([
    writing.evaluate((element) => element.innerHTML),
    page.locator("[data-writing]").evaluate((element) => element.getBoundingClientRect().height),
  ]);
  await publish("writing", frame("assistant_message", { messageId, content: text, model: "m" }));
  await page.locator("[data-writing]").waitFor({ state: "detached" });
  const done = page.locator('.item[data-role="assistant"]');
  assert.equal(await done.locator(".markdown").evaluate((element) => element.innerHTML), before);
  assert.equal(await done.evaluate((element) => element.getBoundingClientRect().height), height);
  assert.equal(await done.locator("h2").textContent(), "Title");
  fixture.assertQuiet();
});

test("WEB23 a running call is one card, shows its output's end, and stays open when it is done", async () => {
  const call = { toolCallId: "c1", name: "Bash", input: { command: "make all" } };
  const { rolloutId } = await publish("running", started);
  await open("running");
  await stream("running", rolloutId, frame("tool_call_started", call));
  const card = page.locator(".tool-card");
  await card.getByText("make all").waitFor();
  await publish("running", frame("tool_call", call));
  await page.locator("[data-writing]").waitFor({ state: "detached" });
  const delta = Array.from({ length: 40 }, (_, line) => `line ${line}\n`).join("");
  await stream(
    "running",
    rolloutId,
    frame("tool_output_delta", { toolCallId: "c1", delta, offset: 0 }),
  );
  await card.locator(".running-output").getByText("line 39").waitFor();
  assert.equal(await card.count(), 1);
  assert.equal(await card.getByText("line 10").count(), 0);
  assert.equal(await card.getByText(texts.items.running).count(), 1);
  await card.locator("summary").click();
  await card.locator(".code-block").waitFor();
  const output = JSON.stringify({ output: delta, metadata: { exit_code: 2, duration_seconds: 3 } });
  await publish("running", frame("tool_result", { toolCallId: "c1", output }));
  await card.getByText(`${texts.items.exitCode(2)} · 3.0 s`).waitFor();
  await card.getByText(texts.items.failed).waitFor();
  await card.locator(".tool-output").getByText("line 10").waitFor();
  assert.equal(await card.locator(".running-output").count(), 0);
  fixture.assertQuiet();
});

test("WEB23 a call without a result is running until its run has ended", async () => {
  await publish("open", started, frame("tool_call", { toolCallId: "c1", name: "x", input: null }));
  await open("open");
  await page.locator(".tool-card").getByText(texts.items.running).waitFor();
  await publish("open", frame("run_completed", { status: "interrupted" }));
  await page.locator(".tool-card").getByText(texts.items.unanswered).first().waitFor();
  fixture.assertQuiet();
});

test("WEB24 WEB25 edits are lines that came and went, output keeps its colours", async () => {
  const edit = { file_path: "src/a.ts", old_string: "a\nb\n", new_string: "a\nc\n" };
  const output = `\x1b[31mred\x1b[0m\n${"line\n".repeat(200)}last`;
  await publish(
    "edits",
    started,
    frame("tool_call", { toolCallId: "c1", name: "Edit", input: edit }),
    frame("tool_result", { toolCallId: "c1", output: "done" }),
    frame("tool_call", { toolCallId: "c2", name: "exec_command", input: { cmd: "x" } }),
    frame("tool_result", { toolCallId: "c2", output }),
  );
  await open("edits");
  const cards = page.locator(".tool-card");
  const first = cards.filter({ hasText: "src/a.ts" });
  const second = cards.filter({ hasText: "exec_command" });
  await first.getByText("+1").first().waitFor();
  await first.locator("summary").click();
  assert.equal(await first.locator("del").textContent(), "−b\n");
  assert.equal(await first.locator("ins").textContent(), "+c\n");
  await second.locator("summary").click();
  await second.locator(".ink-red").getByText("red").waitFor();
  await second.getByText("last").waitFor();
  assert.equal(await second.locator(".terminal").nth(0).getByText("last").count(), 0);
  await second.getByRole("button", { name: texts.items.showAll(202, 0) }).click();
  await second.getByRole("button", { name: texts.items.showLess }).waitFor();
  assert.equal(
    (await second.locator(".tool-output .terminal").allTextContents()).join(""),
    output.replace(/\x1b\[\d+m/g, ""),
  );
  fixture.assertQuiet();
});

test("WEB26 runs begin and end with a line, compactions lead to what they closed", async () => {
  const { rolloutId } = await publish("runs", started, frame("user_message", { content: "a" }));
  await publish(
    "runs",
    frame("compaction_started", { reason: "auto" }),
    frame("compaction_completed", {
      summary: "In **short**",
      tokensBefore: 9_000,
      tokensAfter: 100,
    }),
  );
  await publish(
    "runs",
    frame("compaction_started", {}),
    frame("compaction_completed", { status: "failed", error: { message: "no model" } }),
  );
  const usage = { input_tokens: 1_500, output_tokens: 20, total_cost_usd: 0.5 };
  const ended = { status: "failed", reason: "api_error", error: "HTTP 529", usage };
  await publish("runs", frame("run_completed", ended));
  await open("runs");
  const compaction = page.locator(".compaction").first();
  await compaction.getByText(texts.items.compactionTokens(9_000, 100)).waitFor();
  await compaction.locator("summary").click();
  await compaction.locator("strong").getByText("short").waitFor();
  await page.locator(".compaction").nth(1).getByText("no model").waitFor();
  const end = page.locator('[data-kind="run-end"]');
  for (const words of [
    texts.items.runEnded.failed,
    texts.items.runReasons.api_error,
    "1.5k in, 20 out",
    "$0.50",
    "HTTP 529",
  ])
    await end.getByText(words, { exact: true }).waitFor();
  await compaction.getByRole("link", { name: texts.items.olderRollout }).click();
  await page.waitForURL(`**/threads/thr_runs/rollouts/${rolloutId}`);
  await open("edits");
  await page.locator('[data-kind="run-start"]').getByText("gpt-5.2").waitFor();
  fixture.assertQuiet();
});

test("WEB27 a call leads to its sub-agent, which may begin later, and shows its last words", async () => {
  const call = { toolCallId: "call_agent", name: "Task", input: { description: "Review" } };
  await publish("parent", started, frame("tool_call", call));
  await open("parent");
  await page.locator(".tool-card").waitFor();
  const link = { parentThreadId: "thr_parent", parentToolCallId: "call_agent" };
  await publish(
    "child",
    frame("run_started", link),
    frame("user_message", { content: "Look at it" }),
  );
  const subAgent = page.locator(".sub-agent");
  await subAgent.getByRole("link", { name: "Look at it" }).waitFor();
  await subAgent.locator("summary").click();
  await subAgent.getByText(texts.items.peekNothing).waitFor();
  const content = [
    { type: "thinking", text: "hm" },
    { type: "text", text: "It is *good*" },
  ];
  await publish("child", frame("assistant_message", { messageId: "m", content }));
  await subAgent.locator("em").getByText("good").waitFor();
  await subAgent.getByRole("link").click();
  await page.waitForURL("**/threads/thr_child");
  fixture.assertQuiet();
});

test("WEB28 other records are hidden until they are wanted, and the browser remembers", async () => {
  await publish("custom", started, frame("custom", { name: "plan", data: { deep: [1] } }));
  await open("custom");
  const record = page.locator('[data-kind="custom"]');
  await record.waitFor({ state: "attached" });
  assert.equal(await record.evaluate((element) => element.getBoundingClientRect().height), 0);
  const choose = async (name: string) => {
    await page.locator(".thread-head .menu-button").last().click();
    await page.getByRole("menuitem", { name }).click();
  };
  await choose(texts.items.showCustom);
  await record.getByText('{"deep":[1]}').waitFor();
  await page.reload();
  await record.getByText('{"deep":[1]}').waitFor();
  await choose(texts.items.hideCustom);
  await record.getByText('{"deep":[1]}').waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => localStorage.getItem("spool.shows-custom")), null);
  fixture.assertQuiet();
});

test("WEB29 an item is a link to itself, is marked there, and shows its lines as stored", async () => {
  const payload = JSON.parse(
    '{"toolCallId":"c1","name":"x","input":{"__proto__":[1e2,"\\u0000é"]}}',
  );
  const { rolloutId } = await publish(
    "raw",
    started,
    frame("tool_call", payload),
    frame("tool_result", { toolCallId: "c1", output: "\u2028<b>" }),
  );
  const bytes = await fixture.client.history.rolloutBytes("thr_raw", rolloutId);
  const lines = (await new Response(bytes).text()).trim().split("\n");
  await open("raw");
  const item = page.locator('.item[data-kind="tool"]');
  await item.hover();
  await item.locator(".item-links a").click();
  await page.waitForURL("**/threads/thr_raw?at=2");
  assert.equal(await item.getAttribute("aria-current"), "location");
  await open("raw", "?at=3");
  assert.equal(await item.getAttribute("aria-current"), "location");
  await item.hover();
  await page.getByRole("button", { name: texts.items.rawOf(2) }).click();
  const dialog = page.getByRole("dialog", { name: texts.items.rawTitle });
  await dialog.locator("code").nth(1).waitFor();
  assert.deepEqual(await dialog.locator("code").allTextContents(), lines.slice(1));
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  fixture.assertQuiet();
});
