/**
 * What somebody new does, from beginning to end: a click on the printed address, an answer watched on
 * a desktop and a phone at once while the server goes and comes back, an old thread found by a word,
 * compacted, its older rollout read, archived, deleted. No reload, and a quiet console.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { type PageFixture, serverAway, startPage } from "./testing/page-fixture.ts";
import { texts } from "./texts.ts";

let fixture: PageFixture;
before(async () => {
  fixture = await startPage();
});
after(() => fixture.close());

const { actions } = texts;
const conversation = (page: Page): Locator => page.locator(".conversation");

/** A finished thread of several turns about one rare word. */
async function makeOldThread(): Promise<void> {
  const { threadId, runId } = await fixture.client.startRun({
    title: "An older matter",
    prompt: "Which of the moorings is the quaybound one?",
  });
  const say = (content: string) => ({ type: "assistant_message", payload: { content } }) as const;
  await fixture.client.publish({
    threadId,
    runId,
    events: [
      say("The quaybound mooring is the third."),
      { type: "run_completed", payload: { status: "completed" } },
    ],
  });
}

test("WEB8 WEB13 WEB30 WEB34 WEB37 the way of a new user, without a reload", async () => {
  await makeOldThread();
  const live = await fixture.client.startRun({ title: "The live one", prompt: "Count to forty." });
  const { threadId, runId, rolloutId } = live;
  const desktop = await fixture.signIn();
  const phone = await fixture.newContext({ width: 390, height: 780, isTouch: true });
  const small = await fixture.signIn("/", phone);
  for (const page of [desktop, small]) {
    await page.locator(".side").getByRole("link", { name: "The live one" }).click();
    await conversation(page).getByText("Count to forty.").waitFor();
  }

  let sequenceNumber = 0;
  const write = async (from: number, to: number) => {
    for (let number = from; number < to; number += 1) {
      sequenceNumber += 1;
      const payload = { messageId: "m", delta: `${number}, ` };
      const frame = { type: "assistant_message_delta", sequenceNumber, payload } as const;
      await fixture.client.publish({ threadId, runId, rolloutId, events: [frame] });
    }
  };
  const isShown = (text: string) =>
    Promise.all([desktop, small].map((page) => conversation(page).getByText(text).waitFor()));
  await write(1, 20);
  await isShown("1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19,");
  await fixture.server.restart();
  const content = "All forty are counted.";
  await fixture.client.publish({
    threadId,
    runId,
    events: [
      { type: "assistant_message", payload: { messageId: "m", content } },
      { type: "run_completed", payload: { status: "completed" } },
    ],
  });
  await isShown(content);
  for (const page of [desktop, small]) {
    await page.getByText(texts.connection.live, { exact: true }).waitFor();
    assert.equal(await page.locator("[data-writing]").count(), 0);
  }
  await small.context().close();

  await desktop.getByLabel(texts.list.search).fill("quaybo");
  await desktop.locator(".side").getByRole("link", { name: "An older matter" }).click();
  await conversation(desktop).getByText("The quaybound mooring is the third.").waitFor();
  const menu = desktop.locator(".thread-actions .menu-button");
  const choose = async (name: string) => {
    await menu.click();
    await desktop.getByRole("menuitem", { name, exact: true }).click();
  };
  const confirm = (name: string) =>
    desktop.getByRole("dialog").getByRole("button", { name, exact: true }).click();
  await choose(actions.compact);
  await confirm(texts.compaction.submit);
  await desktop.locator(".toast").getByText(texts.compaction.completed).waitFor();
  await desktop.getByRole("button", { name: texts.rollouts.menu }).click();
  await desktop.getByRole("menuitem", { name: new RegExp(`^${texts.rollouts.older(0)}`) }).click();
  await desktop.waitForURL(/\/rollouts\/rol_/);
  await conversation(desktop).getByText("The quaybound mooring is the third.").waitFor();
  await choose(actions.archive);
  await desktop.locator(".toast").getByText(actions.archived("An older matter")).waitFor();
  await choose(actions.delete);
  await confirm(texts.deletion.submit);
  await desktop.locator(".toast").getByText(actions.deleted("An older matter")).waitFor();
  await desktop.getByText(texts.thread.none).waitFor();
  await desktop.context().close();
  fixture.assertQuiet(serverAway);
});
