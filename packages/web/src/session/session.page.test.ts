/** Signing in as a person does it, by the printed address and by a key (WEB6). */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type PageFixture, startPage } from "../testing/page-fixture.ts";
import { texts } from "../texts.ts";

let fixture: PageFixture;
before(async () => {
  fixture = await startPage();
});
after(() => fixture.close());

test("WEB6 the address of a first start signs in, and its code leaves the address", async () => {
  const page = await fixture.signIn("/?archived=true");
  assert.equal(page.url(), `${fixture.server.url}/?archived=true`);
  await page.getByText(texts.connection.live, { exact: true }).waitFor();
  await page.reload();
  await page.locator(".shell").waitFor();
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB6 a key signs in, is not kept, and a wrong one says so", async () => {
  const page = await (await fixture.newContext()).newPage();
  await page.goto(fixture.server.url);
  await page.getByLabel(texts.signIn.key).fill("rt_live_wrong");
  await page.getByRole("button", { name: texts.signIn.submit }).click();
  await page.getByRole("alert").waitFor();
  await page.getByLabel(texts.signIn.key).fill(fixture.server.keys.owner);
  await page.getByRole("button", { name: texts.signIn.submit }).click();
  await page.locator(".shell").waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.equal(kept, "{}");
  assert.equal(await page.evaluate(() => document.cookie), "");
  await page.context().close();
  // The browser itself logs every 401.
  fixture.assertQuiet(/status of 401/);
});

test("WEB6 a used code says what to do", async () => {
  const page = await fixture.signIn();
  await page.context().clearCookies();
  await page.goto(`${fixture.server.url}/#code=${"x".repeat(43)}`);
  await page.reload();
  await page.getByText(texts.signIn.codeRefused).waitFor();
  await page.getByLabel(texts.signIn.key).waitFor();
  await page.context().close();
  fixture.assertQuiet(/status of 401/);
});
