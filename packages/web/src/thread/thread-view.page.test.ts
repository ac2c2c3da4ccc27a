/**
 * Watching a thread as a person does it: it stays at its end, or where it is being read; older
 * events come as one scrolls; text in flight shows to who joins late (WEB8, WEB9).
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { type PageFixture, serverAway, startPage } from "../testing/page-fixture.ts";
import { texts } from "../texts.ts";

let fixture: PageFixture;
before(async () => {
  fixture = await startPage();
});
after(() => fixture.close());

/** A thread with an open run and `count` messages, numbered from 0. */
async function threadOf(count: number): Promise<{ threadId: string; runId: string }> {
  const { threadId, runId } = await fixture.client.startRun({ title: "Numbers" });
  for (let done = 0; done < count; done += 500) {
    const size = Math.min(500, count - done);
    const events = Array.from({ length: size }, (_, index) => message(done + index));
    await fixture.client.publish({ threadId, runId, events });
  }
  return { threadId, runId };
}

const message = (number: number) =>
  ({
    type: "assistant_message",
    payload: { content: `Message number ${number}.\n\nIts second paragraph.` },
  }) as const;

const list = (page: Page) => page.locator(".items");
const shown = (page: Page, number: number) => {
  return list(page).getByText(`Message number ${number}.`);
};
const distanceToEnd = (page: Page) =>
  list(page).evaluate((node) => node.scrollHeight - node.clientHeight - node.scrollTop);

/** Resolves when the list has stood still for some frames. */
async function scrollingEnds(page: Page): Promise<void> {
  await list(page).evaluate(async (node) => {
    let still = 0;
    for (let before = Number.NaN; still < 20; before = node.scrollTop) {
      still = node.scrollTop === before ? still + 1 : 0;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  });
}

test("WEB8 a thread opens at its end and stays there while it grows", async () => {
  const { threadId, runId } = await threadOf(300);
  const page = await fixture.signIn(`/threads/${threadId}`);
  await shown(page, 299).waitFor();
  for (let number = 300; number < 330; number += 1) {
    await fixture.client.publish({ threadId, runId, events: [message(number)] });
  }
  await shown(page, 329).waitFor();
  await page.waitForFunction(() => {
    const node = document.querySelector(".items") as HTMLElement;
    return node.scrollHeight - node.clientHeight - node.scrollTop < 2;
  });
  assert.equal(await page.locator(".new-below").count(), 0);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB8 what is being read does not move: new events below, older ones above", async () => {
  const { threadId, runId } = await threadOf(900);
  const page = await fixture.signIn(`/threads/${threadId}`);
  await shown(page, 899).waitFor();
  await list(page).hover();
  await page.mouse.wheel(0, -1_500);
  await page.getByRole("button", { name: texts.thread.toEnd }).waitFor();
  await scrollingEnds(page);
  const there = page.locator(".item").nth(3);
  const id = await there.getAttribute("id");
  const place = async () => (await page.locator(`[id="${id}"]`).boundingBox())?.y;
  const y = await place();
  assert(y !== undefined);
  const events = Array.from({ length: 7 }, (_, index) => message(900 + index));
  await fixture.client.publish({ threadId, runId, events });
  const below = page.getByRole("button", { name: texts.thread.newBelow(7) });
  await below.waitFor();
  assert.equal(await place(), y);
  // Up to the first one, page by page.
  while ((await shown(page, 0).count()) === 0) {
    await page.mouse.wheel(0, -8_000);
    await page.waitForTimeout(20);
  }
  await below.click();
  await shown(page, 906).waitFor();
  await page.waitForFunction(() => document.querySelector(".new-below") === null);
  assert((await distanceToEnd(page)) < 2);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB8 an answer being written shows to who joins late, delta by delta", async () => {
  const { threadId, runId } = await threadOf(2);
  const { rolloutId } = (await fixture.client.history.rollouts(threadId)).items[0] as {
    rolloutId: string;
  };
  let sequenceNumber = 0;
  const say = (delta: string) => {
    sequenceNumber += 1;
    const payload = { messageId: "m", delta };
    const frame = { type: "assistant_message_delta", sequenceNumber, payload } as const;
    return fixture.client.publish({ threadId, runId, rolloutId, events: [frame] });
  };
  await say("The answer ");
  const page = await fixture.signIn(`/threads/${threadId}`);
  await list(page).getByText("The answer").waitFor();
  await say("is being written");
  await list(page).getByText("The answer is being written").waitFor();
  await fixture.client.publish({
    threadId,
    runId,
    events: [
      { type: "assistant_message", payload: { messageId: "m", content: "The answer is written." } },
    ],
  });
  await list(page).getByText("The answer is written.").waitFor();
  assert.equal(await page.locator("[data-writing]").count(), 0);
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB8 a server that restarts loses nothing and needs no reload", async () => {
  const { threadId, runId } = await threadOf(3);
  const page = await fixture.signIn(`/threads/${threadId}`);
  await shown(page, 2).waitFor();
  await fixture.server.restart();
  await fixture.client.publish({ threadId, runId, events: [message(3)] });
  await shown(page, 3).waitFor();
  await page.getByText(texts.connection.live, { exact: true }).waitFor();
  await page.context().close();
  fixture.assertQuiet(serverAway);
});

test("WEB9 a link to an event opens there, an older rollout shows what it held", async () => {
  const { threadId, runId } = await threadOf(1_500);
  const page = await fixture.signIn(`/threads/${threadId}?at=102`);
  await shown(page, 100).waitFor();
  assert.equal(await shown(page, 1_499).count(), 0);
  await fixture.client.publish({
    threadId,
    runId,
    events: [{ type: "run_completed", payload: { status: "completed" } }],
  });
  const { previousRolloutId } = await fixture.client.threads.compact(threadId, {
    summary: "Done.",
  });
  await page.goto(`${fixture.server.url}/threads/${threadId}`);
  await page.locator('.item[data-kind="compaction"]').waitFor();
  await page.goto(`${fixture.server.url}/threads/${threadId}/rollouts/${previousRolloutId}`);
  await shown(page, 1_499).waitFor();
  await page.context().close();
  fixture.assertQuiet();
});

test("WEB9 a thread that is not there, or goes away, says so", async () => {
  const page = await fixture.signIn("/threads/thr_missing");
  await page.getByText(texts.thread.missing).waitFor();
  const { id } = await fixture.client.threads.create({ title: "Short-lived" });
  await page.goto(`${fixture.server.url}/threads/${id}`);
  await page.getByRole("heading", { name: "Short-lived" }).waitFor();
  await fixture.client.threads.delete(id);
  await page.getByText(texts.thread.deleted).waitFor();
  await page.context().close();
  fixture.assertQuiet(/status of 404/);
});
