/** Every action on a thread as a person does it, done and refused, against a real server. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { SpoolClient } from "@spool/client/spool-client";
import type { Page } from "playwright-core";
import { eventually } from "../../../server/src/testing/eventually.ts";
import { startTestServer } from "../../../server/src/testing/test-server.ts";
import { type PageFixture, pageDir, startPage } from "../testing/page-fixture.ts";
import { texts } from "../texts.ts";

let fixture: PageFixture;
let page: Page;
before(async () => {
  fixture = await startPage();
  const context = await fixture.newContext();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  page = await fixture.signIn("/", context);
});
after(() => fixture.close());

const { actions, deletion, compaction } = texts;
/** The browser logs every refusal; these are wanted. */
const refused = /status of (?:401|403|409|410|502)/;
const rowMenu = (title: string) =>
  page.locator(".side").getByRole("button", { name: actions.menuOf(title), exact: true });
/** A row may show its menu only while it is pointed at. */
async function openRowMenu(title: string): Promise<void> {
  await page.locator(".side").getByRole("link", { name: title }).first().hover();
  await rowMenu(title).click();
}
const headMenu = () => page.locator(".thread-actions .menu-button");
const item = (name: string) => page.getByRole("menuitem", { name, exact: true });
const toast = (text: string) => page.locator(".toast").getByText(text, { exact: true });
const inDialog = (name: string) =>
  page.getByRole("dialog").getByRole("button", { name, exact: true });

/** Makes a thread with a message in it. */
async function makeThread(id: string, title: string): Promise<void> {
  await fixture.client.threads.create({ id, title });
  const message = { type: "user_message", payload: { content: `In ${title}`, messageId: "m" } };
  await fixture.client.publish({ threadId: id, runId: null, events: [message] });
}

async function open(id: string): Promise<void> {
  await page.goto(`${fixture.server.url}/threads/${id}`);
  await page.locator(".thread-head").waitFor();
}

const threadOf = async (id: string) => (await fixture.client.threads.get(id, { limit: 1 })).thread;

test("WEB30 WEB31 renaming, archiving and undoing from the open thread's menu", async () => {
  await makeThread("thr_rename", "Before");
  await open("thr_rename");
  await headMenu().click();
  await item(actions.rename).click();
  const field = page.getByLabel(texts.rename.label);
  assert.equal(await field.inputValue(), "Before");
  assert.equal(await field.evaluate((it) => it === document.activeElement), true);
  await field.fill("x".repeat(201));
  assert.equal(await inDialog(texts.rename.submit).isDisabled(), true);
  await field.fill("  <b>After</b> \u202e אחרי ");
  await field.press("Enter");
  await page.locator(".thread-head h1").getByText("<b>After</b> \u202e אחרי").waitFor();
  assert.equal((await threadOf("thr_rename")).title, "<b>After</b> \u202e אחרי");
  // The focus is back where the menu was opened.
  assert.equal(await headMenu().evaluate((it) => it === document.activeElement), true);

  await headMenu().click();
  await item(actions.archive).click();
  await page.getByRole("button", { name: texts.toasts.undo }).click();
  await toast(actions.unarchived("<b>After</b> \u202e אחרי")).waitFor();
  assert.equal((await threadOf("thr_rename")).archived, false);
  await headMenu().click();
  await item(actions.archive).click();
  await page.getByRole("button", { name: texts.toasts.undo }).waitFor();
  await page.keyboard.press("z");
  await eventually("it is undone", async () => !(await threadOf("thr_rename")).archived);
  fixture.assertQuiet(refused);
});

test("WEB30 menus go by keys: arrows, first letters, Home, End, Escape, Tab", async () => {
  await makeThread("thr_keys", "Keys");
  await open("thr_keys");
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  await headMenu().focus();
  await page.keyboard.press("ArrowDown");
  await page.getByRole("menu").waitFor();
  assert.equal(await focused(), actions.rename);
  await page.keyboard.press("ArrowUp");
  assert.equal(await focused(), actions.delete);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(), actions.archive);
  await page.keyboard.press("c");
  assert.equal(await focused(), actions.compact);
  await page.keyboard.press("c");
  assert.equal(await focused(), actions.copyLink);
  await page.keyboard.press("End");
  assert.equal(await focused(), actions.delete);
  await page.keyboard.press("Home");
  assert.equal(await focused(), actions.rename);
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.equal(await headMenu().evaluate((it) => it === document.activeElement), true);
  assert.match(page.url(), /thr_keys/);
  await headMenu().click();
  await headMenu().click();
  await page.getByRole("menu").waitFor({ state: "detached" });
  fixture.assertQuiet(refused);
});

test("WEB32 WEB33 a run is cancelled by one button; a busy thread is deleted only when agreed", async () => {
  await makeThread("thr_busy", "Busy");
  await open("thr_busy");
  await fixture.client.startRun({ threadId: "thr_busy", runId: "run_busy" });
  await page.locator(".cancel-run").click();
  await toast(actions.runCancelled).waitFor();
  await page.locator(".cancel-run").waitFor({ state: "detached" });
  assert.equal((await threadOf("thr_busy")).activeRunId, null);

  await headMenu().click();
  await item(actions.delete).click();
  // The run begins after the question was asked.
  await fixture.client.startRun({ threadId: "thr_busy", runId: "run_late" });
  await inDialog(deletion.submit).click();
  await page
    .getByRole("dialog")
    .getByText(/run_late/)
    .waitFor();
  assert.equal((await threadOf("thr_busy")).activeRunId, "run_late");
  assert.equal(await inDialog(deletion.submit).isDisabled(), true);
  await page.getByLabel(deletion.evenRunning).check();
  await inDialog(deletion.submit).click();
  await toast(actions.deleted("Busy")).waitFor();
  await page.getByText(texts.thread.none).waitFor();
  assert.equal(new URL(page.url()).pathname, "/");
  await assert.rejects(threadOf("thr_busy"), { code: "THREAD_NOT_FOUND" });
  fixture.assertQuiet(refused);
});

test("WEB30 the row's menu deletes; what is gone meanwhile is said", async () => {
  await makeThread("thr_row", "In a row");
  await makeThread("thr_gone", "Gone");
  await openRowMenu("In a row");
  await item(actions.delete).click();
  await inDialog(texts.dialogs.cancel).click();
  assert.equal((await threadOf("thr_row")).title, "In a row");
  await openRowMenu("In a row");
  await item(actions.delete).click();
  await inDialog(deletion.submit).click();
  await page.locator(".side").getByText("In a row").waitFor({ state: "detached" });
  await openRowMenu("Gone");
  await item(actions.rename).click();
  await fixture.client.threads.delete("thr_gone");
  await page.getByLabel(texts.rename.label).fill("Too late");
  await inDialog(texts.rename.submit).click();
  await page.getByText(texts.refusals.THREAD_DELETED).waitFor();
  await inDialog(texts.dialogs.cancel).click();
  fixture.assertQuiet(refused);
});

test("WEB34 a compaction is completed, skipped, or refused in words", async () => {
  await makeThread("thr_compact", "Long");
  await open("thr_compact");
  const compact = async () => {
    await headMenu().click();
    await item(actions.compact).click();
    await inDialog(compaction.submit).click();
  };
  await headMenu().click();
  await item(actions.compact).click();
  await page.getByLabel(compaction.instructions).fill("Keep the names");
  await page.getByLabel(compaction.keepLast).fill("1");
  await inDialog(compaction.submit).click();
  await toast(compaction.completed).waitFor();
  await compact();
  await toast(compaction.skipped).waitFor();
  await fixture.client.startRun({ threadId: "thr_compact", runId: "run_c", prompt: "Go on" });
  await compact();
  await page.getByRole("dialog").getByText(/run_c/).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await fixture.client.threads.cancel("thr_compact");

  await page.getByRole("button", { name: texts.rollouts.menu }).click();
  const [current, older] = [texts.rollouts.current, texts.rollouts.older(0)];
  await page.getByRole("menuitem", { name: new RegExp(`^${current}`) }).waitFor();
  await page.getByRole("menuitem", { name: new RegExp(`^${older}`) }).click();
  await page.waitForURL(/\/threads\/thr_compact\/rollouts\/rol_/);
  fixture.assertQuiet(refused);
});

test("WEB35 an export is every stored line behind a line about the thread", async () => {
  await open("thr_compact");
  const download = page.waitForEvent("download");
  await headMenu().click();
  await item(actions.export).click();
  const file = await download;
  assert.equal(file.suggestedFilename(), "thr_compact.jsonl");
  const chunks: Buffer[] = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk as Buffer);
  const [first, ...lines] = Buffer.concat(chunks).toString().trimEnd().split("\n");
  const head = JSON.parse(first as string);
  assert.deepEqual([head.spool, head.thread.id, head.rollouts.length], [1, "thr_compact", 2]);
  const { sequence } = await threadOf("thr_compact");
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).sequence),
    Array.from({ length: sequence }, (_, index) => index + 1),
  );
  await page
    .locator(".toast")
    .getByText(/^Exported /)
    .waitFor();

  await headMenu().click();
  await item(actions.copyLink).click();
  await toast(actions.copied).first().waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(copied, `${fixture.server.url}/threads/thr_compact`);
  fixture.assertQuiet(refused);
});

test("WEB34 a compaction that takes long says so, and one that fails says why", async () => {
  const flags = { summariserUrl: "http://127.0.0.1:1/v1", summariserModel: "none" };
  const server = await startTestServer({ pageDir, flags });
  const { adminKey: apiKey, url } = server;
  const client = new SpoolClient({ url, credential: { apiKey: apiKey as string } });
  await client.startRun({ threadId: "thr_model", runId: "run_m", prompt: "Begin" });
  await client.threads.cancel("thr_model");
  const other = await (await fixture.newContext()).newPage();
  await other.goto(`${url}/threads/thr_model#code=${server.newSignInCode()}`);
  const menu = other.locator(".thread-actions .menu-button");
  const submit = other.getByRole("dialog").getByRole("button", { name: compaction.submit });
  const ask = async () => {
    await menu.click();
    await other.getByRole("menuitem", { name: actions.compact }).click();
    await submit.click();
  };
  await ask();
  await other
    .getByRole("alert")
    .getByText(/^No summary could be made/)
    .waitFor();
  await other.keyboard.press("Escape");
  // As if 30 s had passed.
  await other.route("**/compact", (route, request) =>
    route.continue({ headers: { ...request.headers(), prefer: "respond-async" } }),
  );
  await ask();
  await other.locator(".toast").getByText(compaction.running).waitFor();
  await other.context().close();
  await server.close();
  fixture.assertQuiet(refused);
});

test("WEB35 an export that breaks off saves nothing and says so, and one can be stopped", async () => {
  await open("thr_compact");
  const exportIt = async () => {
    await headMenu().click();
    await item(actions.export).click();
  };
  await page.route("**/*.jsonl", (route) => route.abort("connectionreset"));
  await exportIt();
  await toast(actions.exportBroken).waitFor();
  await page.unroute("**/*.jsonl");
  await page.route("**/*.jsonl", () => {});
  await exportIt();
  await page.getByRole("button", { name: texts.toasts.stop, exact: true }).click();
  await toast(actions.stopped).waitFor();
  await page.unroute("**/*.jsonl");
  await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await headMenu().click();
  await item(actions.copyId).click();
  await page.locator(".toast code").getByText("thr_compact").waitFor();
  fixture.assertQuiet(refused, /ERR_CONNECTION_RESET/);
});

test("WEB32 a key that may only read is told what it lacks, and nothing changes", async () => {
  const { server } = fixture;
  const key = server.makeKey({ scopes: ["agent:read"] });
  const owner = server.makeKey({});
  await server.request("POST", "/v1/threads", { key: owner, body: { id: "thr_r", title: "Mine" } });
  const other = await (await fixture.newContext()).newPage();
  await other.goto(server.url);
  await other.getByLabel(texts.signIn.key).fill(key);
  await other.getByRole("button", { name: texts.signIn.submit }).click();
  const row = other.getByRole("link", { name: "Mine" });
  await row.hover();
  await other.getByRole("button", { name: actions.menuOf("Mine") }).click();
  await other.getByRole("menuitem", { name: actions.archive, exact: true }).click();
  await other
    .locator(".toast[data-kind=refused]")
    .getByText(/agent:run/)
    .waitFor();
  await row.waitFor();
  await other.context().close();
  fixture.assertQuiet(refused);
});
