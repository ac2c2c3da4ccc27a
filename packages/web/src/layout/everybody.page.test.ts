/** The page for everybody: keyboard, screen reader, small screens, contrast; and for admins. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import type { BrowserContext, Page } from "playwright-core";
import { type PageFixture, startPage } from "../testing/page-fixture.ts";
import { texts } from "../texts.ts";

let fixture: PageFixture;
before(async () => {
  fixture = await startPage();
  const { client, server } = fixture;
  for (const [id, title] of [
    ["thr_one", "One"],
    ["thr_two", `Two ${"very long ".repeat(15)}`],
  ] as const) {
    await client.threads.create({ id, title });
    await say(id, "user_message", { content: "Hello", messageId: `first ${id}` });
  }
  const key = server.makeKey({ orgId: "default", userId: "<i>mallory</i>" });
  const body = { id: "thr_other", title: "Not yours", metadata: { cwd: "/srv" } };
  await server.request("POST", "/v1/threads", { key, body });
  const run = { threadId: "thr_other", runId: "run_other", prompt: "Secret words" };
  await server.request("POST", "/v1/run", { key, body: run });
});
after(() => fixture.close());

const row = (page: Page, id: string) => page.locator(`.side a[href*="${id}"]`).first();
const isFocused = (page: Page, selector: string) =>
  page.waitForFunction((it) => document.activeElement?.matches(it), selector);

async function say(threadId: string, type: string, payload: Record<string, unknown>) {
  await fixture.client.publish({ threadId, runId: null, events: [{ type, payload }] });
}

/** What axe finds that keeps somebody out; the page's policy does not count for what it is given. */
async function barriers(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      resultTypes: ["violations"],
    }),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
}

test("WEB38 a key opens a thread and lands in the conversation; Escape goes back to its row", async () => {
  const page = await fixture.signIn();
  await row(page, "thr_one").focus();
  await page.keyboard.press("Enter");
  await isFocused(page, "#conversation .items, #conversation");
  await page.locator("#conversation .item").first().waitFor();
  await isFocused(page, "#conversation .items");
  assert.equal(await page.title(), `One · ${texts.app.name}`);
  await page.keyboard.press("Escape");
  await isFocused(page, '.side a[aria-current="page"]');
  assert.match(page.url(), /thr_one/);
  // A pointer leaves the focus where it is.
  await row(page, "thr_two").click();
  await page.getByRole("heading", { name: /^Two/ }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.closest(".side") !== null), true);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB38 the tab says what runs, and new messages are read out", async () => {
  const page = await fixture.signIn("/threads/thr_one");
  const announcer = page.locator("[data-announcer]");
  await page.locator("#conversation .item").first().waitFor();
  assert.equal(await announcer.innerText(), "");
  const { runId } = await fixture.client.startRun({
    threadId: "thr_one",
    prompt: "Read <b>this</b>",
  });
  await page.waitForFunction((title) => document.title === title, `● One · ${texts.app.name}`);
  await announcer.getByText("User: Read <b>this</b>").waitFor();
  await fixture.client.threads.cancel("thr_one");
  await announcer.getByText(texts.announcer.runEnded.other("cancelled")).waitFor();
  await page.waitForFunction((title) => document.title === title, `One · ${texts.app.name}`);
  assert.ok(runId);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB39 an admin sees whose thread it is and what may be done, and none of its words", async () => {
  const page = await fixture.signIn("/threads/thr_other");
  await page.getByRole("heading", { name: texts.metadataOnly.title }).waitFor();
  const main = page.locator("main");
  await main.getByText(texts.metadataOnly.statement("<i>mallory</i>")).waitFor();
  await main.getByText('"cwd": "/srv"').waitFor();
  await main.getByText("run_other", { exact: true }).waitFor();
  assert.equal(await main.getByText("Secret words").count(), 0);
  await page.locator(".thread-actions .menu-button").click();
  const items = await page.getByRole("menuitem").allInnerTexts();
  const { rename, archive, cancelRun, copyLink, copyId } = texts.actions;
  const allowed = [cancelRun, rename, archive, copyLink, copyId, texts.actions.delete];
  assert.deepEqual(items, allowed);
  await page.getByRole("menuitem", { name: cancelRun }).click();
  await main.getByText("run_other", { exact: true }).waitFor({ state: "detached" });
  await page.locator(".thread-actions .menu-button").click();
  await page.getByRole("menuitem", { name: rename }).click();
  await page.getByLabel(texts.rename.label).fill("Named by an admin");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Named by an admin" }).waitFor();
  await page.context().close();
  fixture.assertQuiet();
});

/** Looks at everything there is to see in one window. */
async function walk(context: BrowserContext, look: (page: Page, what: string) => Promise<void>) {
  const page = await context.newPage();
  await page.goto(fixture.server.url);
  await page.getByLabel(texts.signIn.key).waitFor();
  await look(page, "sign-in");
  await page.close();
  const signedIn = await fixture.signIn("/", context);
  await row(signedIn, "thr_one").waitFor();
  await look(signedIn, "list");
  await signedIn.goto(`${fixture.server.url}/threads/thr_two`);
  await signedIn.locator(".thread-actions .menu-button").waitFor();
  await look(signedIn, "thread");
  for (const name of ["rename", "compact", "delete"] as const) {
    await signedIn.locator(".thread-actions .menu-button").click();
    if (name === "rename") await look(signedIn, "menu");
    await signedIn.getByRole("menuitem", { name: texts.actions[name] }).click();
    await signedIn.getByRole("dialog").waitFor();
    await look(signedIn, name);
    await signedIn.keyboard.press("Escape");
    await signedIn.getByRole("dialog").waitFor({ state: "detached" });
  }
  await signedIn.locator(".account-button").click();
  await signedIn.getByRole("menuitem", { name: texts.account.signIns }).click();
  await signedIn.locator(".sign-ins li").first().waitFor();
  await look(signedIn, "sign-ins");
  await signedIn.keyboard.press("Escape");
  await signedIn.keyboard.press("?");
  await signedIn.getByRole("dialog", { name: texts.shortcuts.title }).waitFor();
  await look(signedIn, "shortcuts");
  await signedIn.goto(`${fixture.server.url}/threads/thr_other`);
  await signedIn.locator(".metadata-only").waitFor();
  await look(signedIn, "metadata");
}

test("WEB38 nothing keeps anybody out, in light and dark", async () => {
  for (const isDark of [false, true]) {
    const context = await fixture.newContext({ isDark, reducesMotion: true });
    await walk(context, async (page, what) => {
      assert.deepEqual(await barriers(page), [], `${what}, ${isDark ? "dark" : "light"}`);
    });
    await context.close();
  }
  fixture.assertQuiet(/status of 401/);
});

test("WEB38 from 320 pixels on nothing is cut off, and targets are large enough to touch", async () => {
  const context = await fixture.newContext({
    width: 320,
    height: 560,
    isTouch: true,
    reducesMotion: true,
  });
  await walk(context, async (page, what) => {
    const seen = await page.evaluate(() => {
      const targets = document.querySelectorAll<HTMLElement>(
        "button, [role^=menuitem], .back, input",
      );
      const boxes = [...targets]
        .filter((it) => it.checkVisibility() && it.closest(".items, .hidden") === null)
        .map((it) => ({ it, box: it.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0);
      const name = (it: HTMLElement) => `${it.className} ${it.textContent}`.slice(0, 60);
      return {
        width: document.documentElement.scrollWidth,
        small: boxes
          .filter(({ it, box }) => box.height < 40 && !it.matches("[type=checkbox]"))
          .map(({ it }) => name(it)),
        off: boxes
          .filter(({ box }) => box.left < 0 || box.right > innerWidth)
          .map(({ it }) => name(it)),
      };
    });
    assert.deepEqual(seen, { width: 320, small: [], off: [] }, what);
  });
  await context.close();
  fixture.assertQuiet(/status of 401/);
});
