/** Lists beyond one page, everybody's threads, and searches, in a real browser (WEB10 to WEB19). */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SpoolClient } from "@spool/client/spool-client";
import axe from "axe-core";
import type { Page, Route } from "playwright-core";
import { type PageFixture, serverAway, startPage } from "../testing/page-fixture.ts";
import { texts } from "../texts.ts";

let fixture: PageFixture;
const count = 250;

before(async () => {
  fixture = await startPage();
  for (let n = 0; n < count; n += 1) {
    const agentId = n % 2 === 0 ? "even" : "odd";
    await fixture.client.threads.create({ title: `thread ${n}`, agentId });
  }
});
after(() => fixture.close());

/** What the browser itself logs of a refusal. */
const refused = /status of 400/;

const row = (page: Page, title: string) => page.getByRole("link", { name: title, exact: true });

/** The first row that is wholly in view, and how far from the upper edge it is, in pixels. */
function firstInView(page: Page): Promise<{ title: string; top: number }> {
  return page.evaluate(() => {
    const edge = document.querySelector(".rows")?.getBoundingClientRect().top ?? 0;
    const links = [...document.querySelectorAll<HTMLElement>(".row")].map((element) => ({
      title: element.querySelector("bdi")?.textContent ?? "",
      top: Math.round(element.getBoundingClientRect().top - edge),
    }));
    const inView = links.filter(({ top }) => top >= 0).sort((a, b) => a.top - b.top);
    return inView[0] ?? { title: "", top: -1 };
  });
}

async function scrollToEnd(page: Page): Promise<void> {
  await page.locator(".rows").hover();
  while (!(await row(page, "thread 0").isVisible())) {
    await page.mouse.wheel(0, 2_000);
    await page.waitForTimeout(20);
  }
  await page.getByText(texts.list.everything(count)).waitFor();
}

test("WEB17 a long list is read to its end, and only what is in view is in the document", async () => {
  const page = await fixture.signIn();
  await row(page, "thread 249").waitFor();
  await scrollToEnd(page);
  assert((await page.locator(".row").count()) < 60);
  await page.locator(".rows").evaluate((element) => element.scrollTo(0, 0));
  await row(page, "thread 249").waitFor();
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB10 over a lost connection what is loaded and in view stays, and comes right", async () => {
  const page = await fixture.signIn();
  await row(page, "thread 249").waitFor();
  await scrollToEnd(page);
  await page.mouse.wheel(0, -3_000);
  await page.waitForTimeout(200);
  const before = await firstInView(page);
  await page.mouse.move(900, 400);
  await fixture.server.restart();
  await page.locator(".connection[data-state='live']").waitFor();
  const title = "made while nobody listened";
  const made = await fixture.client.threads.create({ title });
  await page.waitForFunction(
    (n) => document.querySelector(".list-end")?.textContent?.startsWith(`${n} `),
    count + 1,
  );
  assert.deepEqual(await firstInView(page), before);
  await page.locator(".rows").evaluate((element) => element.scrollTo(0, 0));
  await row(page, title).waitFor();
  await fixture.client.threads.delete(made.id);
  await row(page, title).waitFor({ state: "detached" });
  await page.context().close();
  fixture.assertQuiet(serverAway);
});

/** Answers searches in place of the server, so that the order of answers is in the test's hands. */
async function answerSearches(page: Page, answer: (q: string, route: Route) => void) {
  const isSearch = (url: URL) => url.pathname === "/v1/threads" && url.searchParams.has("q");
  await page.route(isSearch, (route) => {
    answer(new URL(route.request().url()).searchParams.get("q") ?? "", route);
  });
}

test("WEB13 only the last search counts; found words are marked, and lead to where they are", async () => {
  const { items } = await fixture.client.threads.list({ limit: 3 });
  const [first, second] = items;
  const page = await fixture.signIn();
  const early: Route[] = [];
  const snippet = { sequence: 7, type: "user_message", text: "<i>slow</i> & steady" };
  await answerSearches(page, (q, route) => {
    const threads = [
      {
        ...second,
        snippet: {
          ...snippet,
          ranges: [
            [3, 7],
            [11, 900],
          ],
        },
      },
    ];
    const meta = { requestId: "req_1", hasMore: false, nextCursor: null };
    if (q === "slow") void route.fulfill({ json: { data: { threads }, meta } });
    else early.push(route);
  });
  await row(page, first?.title ?? "").waitFor();
  const asked = page.waitForRequest(/[?&]q=sl(?:&|$)/);
  await page.keyboard.press("/");
  await page.keyboard.type("sl");
  await asked;
  await page.keyboard.type("ow");
  await row(page, second?.title ?? "").waitFor();
  await page.locator(".row").nth(1).waitFor({ state: "detached" });
  const meta = { requestId: "req_2", hasMore: false, nextCursor: null };
  for (const route of early) {
    const json = { data: { threads: [first] }, meta };
    await route.fulfill({ json }).catch(() => {
      // The page has given the request up, as it should.
    });
  }
  assert.deepEqual(await page.locator("mark").allInnerTexts(), ["slow"]);
  assert.equal(await page.locator(".snippet").innerText(), snippet.text);
  assert.equal(await page.locator(".row").count(), 1);
  await row(page, second?.title ?? "").click();
  assert.equal(page.url(), `${fixture.server.url}/threads/${second?.id}?q=slow&at=7`);
  await page.getByLabel(texts.list.search).focus();
  await page.keyboard.press("Escape");
  await row(page, first?.title ?? "").waitFor();
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB13 WEB19 a search that the server refuses says why, and is taken back", async () => {
  const page = await fixture.signIn();
  await row(page, "thread 249").waitFor();
  await page.getByLabel(texts.list.search).fill("?!");
  await page
    .getByRole("alert")
    .getByText(/words of letters or digits/)
    .waitFor();
  await page.getByRole("button", { name: texts.list.showEvery }).click();
  await row(page, "thread 249").waitFor();
  assert.equal(await page.getByLabel(texts.list.search).inputValue(), "");
  await page.context().close();
  fixture.assertQuiet(refused);
});

test("WEB19 a list that cannot be read says why, and is read when somebody tries again", async () => {
  const context = await fixture.newContext();
  const isList = (url: URL) => url.pathname === "/v1/threads";
  const error = { code: "INTERNAL", message: "The server failed.", requestId: "req_1" };
  await context.route(isList, (route) => route.fulfill({ status: 400, json: { error } }));
  const page = await fixture.signIn("/", context);
  await page.getByRole("alert").getByText(error.message).waitFor();
  await context.unrouteAll();
  await page.getByRole("button", { name: texts.list.again }).click();
  await row(page, "thread 249").waitFor();
  await page.getByRole("alert").waitFor({ state: "detached" });

  const isOlder = (url: URL) => isList(url) && url.searchParams.has("cursor");
  await context.route(isOlder, (route) => route.fulfill({ status: 400, json: { error } }));
  await page.locator(".rows").hover();
  while ((await page.getByText(texts.list.olderFailed).count()) === 0) {
    await page.mouse.wheel(0, 2_000);
    await page.waitForTimeout(20);
  }
  await context.unrouteAll();
  await page.getByRole("button", { name: texts.list.again }).click();
  await scrollToEnd(page);
  await context.close();
  fixture.assertQuiet(refused);
});

test("WEB16 an admin sees everybody's threads with owner and metadata, as they come; a member their own", async () => {
  const { url } = fixture.server;
  const apiKey = fixture.server.makeKey({ orgId: "default", userId: "mia", role: "member" });
  const mia = new SpoolClient({ url, credential: { apiKey } });
  const metadata = { project: "atlas" };
  await mia.startRun({ prompt: "a secret", metadata });
  await mia.threads.create({ title: "mia's", metadata });
  const page = await fixture.signIn("/?all=true");
  const mias = page.locator(".row", { has: page.getByRole("link", { name: "mia's" }) });
  await mias.getByText("mia", { exact: true }).waitFor();
  await mias.getByText("project: atlas").waitFor();
  assert.equal(await page.getByText("a secret").count(), 0);
  await mia.threads.create({ title: "mia's next" });
  await page.getByRole("link", { name: "mia's next" }).waitFor();
  await page.context().close();

  const own = await (await fixture.newContext()).newPage();
  await own.goto(`${url}/?all=true`);
  await own.getByLabel(texts.signIn.key).fill(apiKey);
  await own.getByRole("button", { name: texts.signIn.submit }).click();
  await own.getByRole("link", { name: "mia's next" }).waitFor();
  await own.getByText(texts.list.everything(3)).waitFor();
  await own.getByRole("button", { name: texts.list.filters }).click();
  assert.equal(await own.getByLabel(texts.list.all).count(), 0);
  await own.context().close();
  fixture.assertQuiet(/status of 401/);
});

test("WEB18 roles, names and contrast of the list hold in light and in dark", async () => {
  for (const isDark of [false, true]) {
    const page = await fixture.signIn("/?all=true", await fixture.newContext({ isDark }));
    await page.getByRole("link", { name: "mia's next" }).hover();
    await page.evaluate(axe.source);
    const found = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
      const { violations } = await axe.run(".side");
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
    });
    assert.deepEqual(found, []);
    await page.context().close();
  }
  fixture.assertQuiet(/status of 401/);
});
