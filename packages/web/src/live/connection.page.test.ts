/**
 * A page whose server is stopped, killed and started again, and whose network goes away: a real
 * server in a process of its own, on a port of its own, with the page in a real browser.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { SpoolClient } from "@spool/client/spool-client";
import type { Page } from "playwright-core";
import { freePort } from "../../../client/src/testing/free-port.ts";
import { eventually } from "../../../server/src/testing/eventually.ts";
import { type PageFixture, serverAway, startPage } from "../testing/page-fixture.ts";
import { texts } from "../texts.ts";

const main = resolve(import.meta.dirname, "../../../cli/src/main.ts");

let fixture: PageFixture;
before(async () => {
  fixture = await startPage();
});
after(() => fixture.close());

const isLive = (page: Page) => page.getByText(texts.connection.live, { exact: true }).waitFor();
const isLost = (page: Page) => page.locator(".connection[data-state=reconnecting]").waitFor();

async function say(client: SpoolClient, threadId: string, content: string): Promise<void> {
  const message = { type: "user_message", payload: { content, messageId: content } };
  await client.publish({ threadId, runId: null, events: [message] });
}

const shows = (page: Page, words: string) =>
  page.locator(".conversation").getByText(words).first().waitFor();

/** A page that notices when it is loaded anew. */
async function marked(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate(() => Object.assign(globalThis, { isSame: true }));
  return () => page.evaluate(() => "isSame" in globalThis);
}

test("WEB37 after a restart and without network the page goes on with what it missed", async () => {
  const { client, server } = fixture;
  await client.threads.create({ id: "thr_other", title: "Other" });
  await say(client, "thr_other", "in the other");
  await client.threads.create({ id: "thr_lost", title: "Lost" });
  await say(client, "thr_lost", "before");
  const page = await fixture.signIn("/threads/thr_lost");
  const isSame = await marked(page);
  await shows(page, "before");
  await server.restart();
  await say(client, "thr_lost", "after the restart");
  await shows(page, "after the restart");
  await isLive(page);

  await page.context().setOffline(true);
  await page.locator(".connection[data-state=offline]").waitFor();
  await say(client, "thr_lost", "meanwhile");
  await client.threads.update("thr_lost", { title: "Found" });
  await page.context().setOffline(false);
  await isLive(page);
  await shows(page, "meanwhile");
  await page.locator(".side").getByText("Found").waitFor();
  await say(client, "thr_lost", "in the end");
  await shows(page, "in the end");

  // What is opened while nobody answers comes when somebody does.
  await page.context().setOffline(true);
  await page.locator(".connection[data-state=offline]").waitFor();
  await page.locator(".side").getByText("Other").click();
  await page.getByText(texts.thread.loading).waitFor();
  await page.context().setOffline(false);
  await shows(page, "in the other");
  assert.equal(await isSame(), true);
  await page.context().close();
  fixture.assertQuiet(serverAway);
});

/** A server of its own process; `start` again after it was ended. */
async function separateServer() {
  const dataDir = await mkdtemp(join(tmpdir(), "spool-page-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  return {
    url,
    get process() {
      return child as ChildProcess;
    },
    async start() {
      const flags = ["--port", String(port), "--data-dir", dataDir];
      child = spawn(process.execPath, [main, "serve", ...flags], { stdio: "ignore" });
      const isReady = () =>
        fetch(`${url}/readyz`).then(
          ({ ok }) => ok,
          () => false,
        );
      await eventually("the server is ready", isReady, { withinMs: 60_000 });
      return readFile(join(dataDir, "admin.key"), "utf8").then((key) => key.trim());
    },
    async kill() {
      if (child === null || child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    remove: () => rm(dataDir, { recursive: true, force: true }),
  };
}

test("WEB37 a server that stops answering is noticed at once, one that was killed is found again", async () => {
  const server = await separateServer();
  try {
    const apiKey = await server.start();
    const client = new SpoolClient({ url: server.url, credential: { apiKey } });
    await client.threads.create({ id: "thr_killed", title: "Killed" });
    await say(client, "thr_killed", "before");
    const page = await (await fixture.newContext()).newPage();
    await page.goto(`${server.url}/threads/thr_killed`);
    await page.getByLabel(texts.signIn.key).fill(apiKey);
    await page.getByRole("button", { name: texts.signIn.submit }).click();
    await shows(page, "before");
    await isLive(page);
    const isSame = await marked(page);

    // As if the machine had slept: nothing closed the connection, and nobody answers.
    server.process.kill("SIGSTOP");
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await isLost(page);
    server.process.kill("SIGCONT");
    await say(client, "thr_killed", "awake again");
    await shows(page, "awake again");
    await isLive(page);

    await say(client, "thr_killed", "last words");
    await server.kill();
    await isLost(page);
    await server.start();
    await say(client, "thr_killed", "risen");
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    await shows(page, "last words");
    await shows(page, "risen");
    await isLive(page);
    assert.equal(await isSame(), true);
    await page.context().close();
  } finally {
    await server.kill();
    await server.remove();
  }
  fixture.assertQuiet(serverAway, /status of 401/);
});
