/** The thread list as a person uses it, against a real server in a real browser (WEB10 to WEB19). */
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

/** Makes threads one after the other, the last the newest. */
async function makeThreads(titles: readonly string[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const title of titles) ids.set(title, (await fixture.client.threads.create({ title })).id);
  return ids;
}

/** An event without a run, so that the thread is the newest. */
async function touch(threadId: string | undefined): Promise<void> {
  const events = [{ type: "custom", payload: { name: "touch", data: null } }];
  await fixture.client.publish({ threadId: threadId as string, runId: null, events });
}

const shownTitles = (page: Page) => page.locator(".row-link > bdi").allInnerTexts();

/** Waits until the first rows are these. */
async function waitForTop(page: Page, titles: readonly string[]): Promise<void> {
  await page.waitForFunction((titles) => {
    const rows = [...document.querySelectorAll<HTMLElement>(".row-link > bdi")];
    return titles.every((title, index) => rows[index]?.innerText === title);
  }, titles);
}

/** Away from the list, so that nothing is held. */
const pointAway = (page: Page) => page.mouse.move(900, 400);

async function clear(): Promise<void> {
  for await (const { id } of fixture.client.threads.all({ archived: true })) {
    await fixture.client.threads.delete(id, { force: true });
  }
}

test("WEB19 an empty list says what to do, and the first thread comes live", async () => {
  const page = await fixture.signIn();
  await page.getByText(texts.list.empty).waitFor();
  await makeThreads(["the first"]);
  await waitForTop(page, ["the first"]);
  await page.goto(`${fixture.server.url}/?status=compacting`);
  await page.getByText(texts.list.noneFits).waitFor();
  await page.getByRole("button", { name: texts.list.showEvery }).click();
  await waitForTop(page, ["the first"]);
  assert.equal(page.url(), `${fixture.server.url}/`);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB10 two windows follow what moves, is renamed, archived, deleted, in the list's order", async () => {
  await clear();
  const ids = await makeThreads(["a", "b", "c"]);
  const pages = [await fixture.signIn(), await fixture.signIn()];
  for (const page of pages) await waitForTop(page, ["c", "b", "a"]);
  await touch(ids.get("a"));
  for (const page of pages) await waitForTop(page, ["a", "c", "b"]);
  await fixture.client.threads.update(ids.get("c") as string, { title: "<b>&amp;</b> c" });
  for (const page of pages) await waitForTop(page, ["a", "<b>&amp;</b> c", "b"]);
  await fixture.client.threads.update(ids.get("c") as string, { archived: true });
  for (const page of pages) await waitForTop(page, ["a", "b"]);
  await fixture.client.threads.update(ids.get("c") as string, { archived: false });
  await fixture.client.threads.delete(ids.get("b") as string);
  for (const page of pages) {
    await waitForTop(page, ["a", "<b>&amp;</b> c"]);
    await page.waitForFunction(() => document.querySelectorAll(".row").length === 2);
    await page.context().close();
  }
  fixture.assertQuiet();
});

test("WEB11 under the pointer the order holds; a button, or leaving, lets changes in", async () => {
  await clear();
  const ids = await makeThreads(["a", "b", "c"]);
  const page = await fixture.signIn();
  await waitForTop(page, ["c", "b", "a"]);
  await page.getByRole("link", { name: "b" }).hover();
  await touch(ids.get("a"));
  await makeThreads(["d"]);
  const waiting = page.getByRole("button", { name: texts.list.waiting(2) });
  await waiting.waitFor();
  assert.deepEqual(await shownTitles(page), ["c", "b", "a"]);
  await page.locator(".row", { hasText: "a" }).getByText(texts.list.events(1)).waitFor();
  await waiting.click();
  await waitForTop(page, ["d", "a", "c", "b"]);
  assert.equal(await waiting.count(), 0);
  await touch(ids.get("b"));
  await page.getByRole("button", { name: texts.list.waiting(1) }).waitFor();
  await fixture.client.threads.delete(ids.get("c") as string);
  await waitForTop(page, ["d", "a", "b"]);
  await pointAway(page);
  await waitForTop(page, ["b", "d", "a"]);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB14 sub-agents unfold under their thread, and stand alone without it", async () => {
  await clear();
  const ids = await makeThreads(["parent"]);
  const parentThreadId = ids.get("parent") as string;
  for (const title of ["first child", "second child"]) {
    await fixture.client.threads.create({ title, parentThreadId });
  }
  const { id: elsewhere } = await fixture.client.threads.create({ title: "elsewhere" });
  await fixture.client.threads.update(elsewhere, { archived: true });
  await fixture.client.threads.create({ title: "orphan", parentThreadId: elsewhere });
  await fixture.client.startRun({ threadId: "thr_busy", title: "busy" });
  const page = await fixture.signIn();
  await waitForTop(page, ["busy", "orphan", "parent"]);
  await page.getByRole("button", { name: texts.list.subAgents(2) }).click();
  await waitForTop(page, ["busy", "orphan", "parent", "first child", "second child"]);
  await fixture.client.threads.create({ title: "third child", parentThreadId });
  await page.getByRole("button", { name: texts.list.subAgents(3) }).waitFor();
  await page.getByRole("link", { name: "third child" }).waitFor();
  await page.getByRole("button", { name: texts.list.subAgents(3) }).click();
  await page.getByRole("link", { name: "third child" }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: texts.list.parent }).click();
  assert.equal(page.url(), `${fixture.server.url}/threads/${elsewhere}`);
  await page.getByRole("heading", { name: "elsewhere" }).waitFor();
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB18 what runs is marked for the eye and the ear, and stops being", async () => {
  const page = await fixture.signIn();
  const busy = page.getByRole("link", { name: `${texts.list.statuses.running}: busy` });
  await busy.locator(".mark").waitFor();
  await fixture.client.threads.cancel("thr_busy");
  await page.getByRole("link", { name: "busy", exact: true }).waitFor();
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB12 filters stand in the address, count for what comes live, and outlive a reload", async () => {
  await clear();
  await fixture.client.threads.create({ title: "plain" });
  await fixture.client.threads.create({ title: "coder's", agentId: "coder" });
  const { id } = await fixture.client.threads.create({ title: "old", agentId: "coder" });
  await fixture.client.threads.update(id, { archived: true });
  const page = await fixture.signIn();
  await waitForTop(page, ["coder's", "plain"]);
  await page.getByRole("button", { name: texts.list.filters }).click();
  await page.getByLabel(texts.list.agent).selectOption("coder");
  await page.getByLabel(texts.list.archived).check();
  await waitForTop(page, ["old", "coder's"]);
  assert.equal(page.url(), `${fixture.server.url}/?agent=coder&archived=true`);
  await fixture.client.threads.create({ title: "another plain" });
  await fixture.client.threads.create({ title: "coder's next", agentId: "coder" });
  await waitForTop(page, ["coder's next", "old", "coder's"]);
  await page.reload();
  await waitForTop(page, ["coder's next", "old", "coder's"]);
  assert.equal(await page.getByLabel(texts.list.agent).inputValue(), "coder");
  await page.getByLabel(texts.list.status).selectOption("running");
  await page.getByText(texts.list.noneFits).waitFor();
  await fixture.client.startRun({ threadId: id });
  await waitForTop(page, ["old"]);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB15 the list is used by keys alone", async () => {
  await clear();
  const ids = await makeThreads(["a", "b", "c", "d"]);
  const parentThreadId = ids.get("a") as string;
  await fixture.client.threads.create({ title: "child", parentThreadId });
  const page = await fixture.signIn();
  await waitForTop(page, ["d", "c", "b", "a"]);
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await page.keyboard.press("/");
  await page.keyboard.type("wo");
  await page.waitForURL(/[?]q=wo$/);
  await page.keyboard.press("Escape");
  await page.waitForURL(/[/]$/);
  await waitForTop(page, ["d", "c", "b", "a"]);
  assert.equal(await page.getByLabel(texts.list.search).inputValue(), "");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "d");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), "c");
  await page.keyboard.press("End");
  assert.equal(await focused(), "a");
  await page.keyboard.press("ArrowRight");
  await page.getByRole("link", { name: "child" }).waitFor();
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), "child");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "c" }).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement?.textContent === "c");
  await fixture.client.threads.delete(ids.get("c") as string);
  await page.waitForFunction(() => document.activeElement?.textContent === "b");
  assert.equal(await page.locator(".row-link[tabindex='0']").count(), 1);
  await page.context().close();
  fixture.assertQuiet();
});
