/** Who is signed in and where, signing out in two tabs, and a sign-in that was ended elsewhere. */
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

const { account } = texts;
const openMenu = (page: Page) => page.locator(".account-button").click();
const item = (page: Page, name: string) => page.getByRole("menuitem", { name, exact: true });
/** The browser logs every 401; these are wanted. */
const refused = /status of 401|WebSocket/;

test("WEB36 the menu says who is signed in; the keys are listed by ? and by the menu", async () => {
  const page = await fixture.signIn();
  await openMenu(page);
  const who = await page.locator(".who").innerText();
  assert.match(who, /admin/);
  assert.match(who, /default · Admin/);
  await item(page, account.shortcuts).click();
  const dialog = page.getByRole("dialog", { name: texts.shortcuts.title });
  await dialog.getByText(texts.shortcuts.rename, { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.keyboard.press("?");
  await dialog.waitFor();
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB36 WEB37 another sign-in is ended from the list and says so where it was", async () => {
  const here = await fixture.signIn();
  const there = await fixture.signIn();
  await openMenu(here);
  await item(here, account.signIns).click();
  const rows = here.locator(".sign-ins li");
  await rows.nth(1).waitFor();
  const count = await rows.count();
  assert.equal(await here.locator(".sign-ins .tag").count(), 1);
  // The newest is the one there.
  await rows.nth(0).getByRole("button").click();
  await there.getByText(texts.signIn.ended).waitFor();
  await rows.nth(count - 1).waitFor({ state: "detached" });
  assert.equal(await rows.count(), count - 1);
  const own = rows.filter({ has: here.locator(".tag") });
  await own.getByRole("button", { name: account.signOut }).click();
  await here.getByLabel(texts.signIn.key).waitFor();
  await there.context().close();
  await here.context().close();
  fixture.assertQuiet(refused);
});

test("WEB36 WEB37 two tabs share a sign-in, and signing out of one is out of both", async () => {
  const first = await fixture.signIn();
  const second = await first.context().newPage();
  await second.goto(fixture.server.url);
  await second.locator(".shell").waitFor();
  await openMenu(first);
  await item(first, account.signOut).click();
  for (const page of [first, second]) await page.getByLabel(texts.signIn.key).waitFor();
  assert.equal(await second.getByText(texts.signIn.ended).count(), 0);
  // Signing in again in one is in again in the other.
  await first.getByLabel(texts.signIn.key).fill(fixture.server.keys.owner);
  await first.getByRole("button", { name: texts.signIn.submit }).click();
  for (const page of [first, second]) {
    await page.locator(".shell").waitFor();
    await page.getByText(texts.connection.live, { exact: true }).waitFor();
  }
  await openMenu(second);
  assert.match(await second.locator(".who").innerText(), /olivia/);
  await first.context().close();
  fixture.assertQuiet(refused);
});
