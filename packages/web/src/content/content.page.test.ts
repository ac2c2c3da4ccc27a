/**
 * Hostile content in a real browser: nothing in a thread may run, reach another host, break the
 * layout or hang the page (WEB20, WEB22).
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { type PageFixture, startPage } from "../testing/page-fixture.ts";
import { texts } from "../texts.ts";

let fixture: PageFixture;
before(async () => {
  fixture = await startPage();
});
after(() => fixture.close());

type Frame = { readonly type: string; readonly payload: Record<string, unknown> };

/** A thread with these frames in one run; gives its id. */
async function publish(name: string, frames: readonly Frame[]): Promise<string> {
  const threadId = `thr_${name}`;
  const start = { type: "run_started", payload: {} };
  for (const events of [[start], ...frames.map((frame) => [frame])]) {
    await fixture.client.publish({ threadId, runId: `run_${name}`, events });
  }
  return threadId;
}

const said = (content: unknown): Frame => ({ type: "assistant_message", payload: { content } });
const asked = (content: unknown): Frame => ({ type: "user_message", payload: { content } });
const called = (toolCallId: string, name: string, input: unknown): Frame => {
  return { type: "tool_call", payload: { toolCallId, name, input } };
};
const given = (toolCallId: string, output: unknown): Frame => {
  return { type: "tool_result", payload: { toolCallId, output } };
};

/** Opens the thread in a narrow window, and remembers where the page went for anything. */
async function open(threadId: string): Promise<{ page: Page; hosts: Set<string> }> {
  const context = await fixture.newContext({ width: 360, height: 740 });
  const hosts = new Set<string>();
  context.on("request", (request) => {
    const { protocol, host } = new URL(request.url());
    if (protocol !== "data:" && protocol !== "blob:") hosts.add(host);
  });
  const page = await fixture.signIn(`/threads/${threadId}`, context);
  await page.locator(".item").first().waitFor();
  return { page, hosts };
}

/** Walks from the end to the beginning, unfolding whatever can be unfolded on the way. */
async function walk(page: Page): Promise<void> {
  const list = page.locator(".items");
  for (let step = 0; step < 60; step += 1) {
    await page.evaluate(() => {
      const folds = document.querySelectorAll("details:not([open]) > summary, .unfold");
      for (const fold of folds) {
        if (fold.getAttribute("aria-expanded") !== "true") (fold as HTMLElement).click();
      }
    });
    const isAtBeginning = await list.evaluate(async (element) => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      element.scrollBy(0, -600);
      return element.scrollTop === 0;
    });
    if (isAtBeginning) return;
  }
}

/** What must hold whatever a thread says. */
async function assertUnharmed(page: Page, hosts: ReadonlySet<string>): Promise<void> {
  const state = await page.evaluate(() => ({
    ran: (globalThis as { ran?: unknown }).ran,
    title: document.title,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    listOverflow: (() => {
      const list = document.querySelector(".items") as HTMLElement;
      return list.scrollWidth - list.clientWidth;
    })(),
    foreign: document.querySelectorAll("script[src^=data], iframe, object, embed, form, style")
      .length,
    polluted: ({} as { polluted?: unknown }).polluted,
  }));
  assert.deepEqual(state, {
    ran: undefined,
    title: state.title,
    overflow: 0,
    listOverflow: 0,
    foreign: 0,
    polluted: undefined,
  });
  assert.deepEqual([...hosts], [new URL(fixture.server.url).host]);
}

const script = "globalThis.ran = true";
const svg = Buffer.from(
  `<svg xmlns="http://www.w3.org/2000/svg" onload="${script}" width="9" height="9">` +
    `<script>${script}</script><image href="https://evil.test/a.png"/></svg>`,
).toString("base64");

test("WEB20 markup, scripts and addresses of every kind are text", async () => {
  const markdown = [
    `<script>${script}</script>`,
    `<img src=x onerror="${script}">`,
    `<iframe srcdoc="<script>parent.ran=1</script>"></iframe><style>*{display:none}</style>`,
    `a <b onmouseover="${script}">b</b> <svg onload="${script}"></svg>`,
    `[js](javascript:${script}) [JS](JaVaScRiPt:${script}) [t](java\tscript:${script})`,
    `[data](data:text/html;base64,PHNjcmlwdD4=) [vb](vbscript:x) [file](file:///etc/passwd)`,
    `[ok](https://fine.test/x "title") <https://auto.test> www.bare.test mail@fine.test`,
    "[rel](../x) [hash](#x) [host](//evil.test)",
    "![remote](https://evil.test/track.png) ![svg](data:image/svg+xml;utf8,<svg/onload=x>)",
    `![inline](data:image/svg+xml;base64,${svg}) ![js](javascript:${script})`,
    "[ref]: javascript:ran",
    "\n[ref]",
  ].join("\n\n");
  const image = {
    type: "image",
    source: { type: "base64", media_type: "image/svg+xml", data: svg },
  };
  const broken = {
    type: "image",
    source: { type: "base64", media_type: "image/png", data: "AAAA" },
  };
  const threadId = await publish("markup", [
    asked(markdown),
    said([{ type: "thinking", text: markdown }, { type: "text", text: markdown }, image, broken]),
    called("c1", `<img src=x onerror="${script}">`, { command: `<script>${script}</script>` }),
    given("c1", [
      { type: "text", text: `\x1b[31m<script>${script}</script>\x1b]8;;javascript:x\x07` },
      image,
    ]),
    called("c2", "Edit", { file_path: "</pre><script>", old_string: "<b>", new_string: "<i>" }),
    { type: "custom", payload: { name: "<script>", data: { html: "<script>" } } },
  ]);
  const { page, hosts } = await open(threadId);
  await walk(page);
  const links = await page.locator(".item a[target]").evaluateAll((anchors) =>
    anchors.map((anchor) => {
      const { href, rel, target } = anchor as HTMLAnchorElement;
      return `${new URL(href).protocol} ${rel} ${target}`;
    }),
  );
  assert.ok(links.length >= 5, `${links.length} links`);
  const allowed = /^(?:https?|mailto): noopener noreferrer _blank$/;
  for (const link of links) assert.match(link, allowed);
  await page.locator(".image-missing").first().waitFor();
  await page.getByText(`${texts.items.imageAt} evil.test`).first().waitFor();
  await page.locator(".item").getByText(`<script>${script}</script>`).first().waitFor();
  await assertUnharmed(page, hosts);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB22 5 MB on one line, 10,000 quotes, 100 columns, 120 levels: the page goes on", async () => {
  const deep = JSON.parse(`${'{"a":'.repeat(100)}1${"}".repeat(100)}`);
  const columns = `${"|column ".repeat(100)}|\n${"|---".repeat(100)}|\n${"|value ".repeat(100)}|\n`;
  const threadId = await publish("large", [
    asked("x".repeat(5_000_000)),
    said(`${">".repeat(10_000)} deep`),
    said(Array.from({ length: 300 }, (_, depth) => `${"  ".repeat(depth)}- ${depth}`).join("\n")),
    said(columns),
    said("*a _b ".repeat(3_000)),
    said("[".repeat(15_000)),
    said(`\`\`\`json\n${"y".repeat(1_000_000)}\n\`\`\``),
    said("many\n\n".repeat(30_000)),
    called("c1", "deep", deep),
    given("c1", deep),
    called("c2", "Bash", { command: "z".repeat(500_000) }),
    given("c2", "\x1b[31mred\x1b[0m ".repeat(100_000)),
  ]);
  const { page, hosts } = await open(threadId);
  await walk(page);
  await page.locator(".items").evaluate((element) => element.scrollTo(0, 0));
  await page.locator('[data-role="user"]').first().waitFor();
  await assertUnharmed(page, hosts);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB22 names from prototypes, lone surrogates, overrides and escapes are shown as text", async () => {
  const input = JSON.parse(
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1}',
  );
  const override = "\u202Eevil\u202D\u2066\u200F";
  const threadId = await publish("names", [
    called("c1", "__proto__", input),
    given("c1", { __proto__: null, constructor: "x", hasOwnProperty: 1 }),
    called("c2", override, { file_path: `${override}.ts`, content: `${override}\n` }),
    given("c2", "\x1b[2J\x1b]0;title\x07\x1b[?1049h\x00\x08done\r\nok"),
    called("c3", "constructor", "toString"),
    said(`${override} text \uFFFF \u0000 [${override}](https://fine.test/${override})`),
    said([{ type: "__proto__" }, { type: "constructor", text: 1 }, { type: "image" }]),
    said([]),
    said(""),
    asked([{ type: "image", source: null }]),
    {
      type: "run_completed",
      payload: { status: "failed", error: { __proto__: null, code: 1 }, usage: "x" },
    },
  ]);
  const { page, hosts } = await open(threadId);
  await walk(page);
  const output = page.locator(".terminal").filter({ hasText: "done" });
  assert.equal(await output.textContent(), "done\nok");
  await assertUnharmed(page, hosts);
  await page.context().close();
  fixture.assertQuiet();
});
