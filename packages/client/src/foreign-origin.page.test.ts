/**
 * The published library in a real browser, on a page of another origin: calls and pages with a
 * session token, then one publisher and two watchers through lost answers, cut connections and a
 * restart of the server.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Event } from "@spool/protocol/resources";
import { type Browser, chromium, type Page } from "playwright-core";
import { findBrowser, howToGetOne } from "../../../tools/test/browser.ts";
import { startTestServer, type TestServer } from "../../server/src/testing/test-server.ts";
import { SpoolClient } from "./spool-client.ts";
import { allOf } from "./testing/all-of.ts";
import { type DroppingProxy, startDroppingProxy } from "./testing/dropping-proxy.ts";
import { type ForeignOrigin, type InPage, startForeignOrigin } from "./testing/foreign-origin.ts";
import { freePort } from "./testing/free-port.ts";

/** What the page tells of a run that it publishes and watches. */
type Told = {
  answered: number;
  duplicates: number;
  deltas: number;
  readonly states: { readonly shared: string[]; readonly own: string[] };
  readonly seen: { readonly shared: Event[]; readonly own: Event[] };
  /** Set by the test: the run is to end. */
  isEnough: boolean;
  /** Set when the run is over and both watchers have seen its end; else why not. */
  end: string | null;
};

const threadId = "thr_page";
let origin: ForeignOrigin;
let server: TestServer;
let proxy: DroppingProxy;
/** Asks the server itself, from outside the browser. */
let direct: SpoolClient;
let browser: Browser;
let page: Page;
/** The addresses of the page's WebSockets, and what it threw that nobody caught. */
const sockets: string[] = [];
const thrown: string[] = [];
before(async () => {
  origin = await startForeignOrigin(newToken);
  const port = String(await freePort());
  server = await startTestServer({ flags: { port, corsOrigins: origin.url } });
  direct = new SpoolClient({ url: server.url, credential: { apiKey: server.keys.owner } });
  proxy = await startDroppingProxy(server.port);
  const executablePath = findBrowser();
  assert(executablePath !== null, howToGetOne);
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  browser = await chromium.launch({ executablePath, args });
  page = await browser.newPage();
  page.setDefaultTimeout(100_000);
  page.on("websocket", (socket) => sockets.push(socket.url()));
  page.on("pageerror", (error) => thrown.push(String(error.stack)));
  await page.goto(origin.url);
  await page.waitForFunction(() => "spool" in globalThis);
});
after(async () => {
  await browser.close();
  await proxy.close();
  await server.close();
  await origin.close();
});

test("CFG5 AUTH1 PAGE3 WIRE2 a page of another origin calls, walks pages and reads refusals", async () => {
  const told = await page.evaluate(async (url) => {
    const { spool, newToken } = globalThis as unknown as InPage;
    const client = new spool.SpoolClient({ url, credential: { token: newToken } });
    const made: string[] = [];
    for (const title of ["one", "two", "three"]) {
      made.push((await client.threads.create({ title, metadata: { title } })).id);
    }
    await client.threads.update(made[0] as string, { archived: true });
    const listed: string[] = [];
    for await (const { id } of client.threads.all({ limit: 1, archived: true })) listed.push(id);
    const refusal = await client.threads.get("thr_none").catch((error: unknown) => error);
    if (!(refusal instanceof spool.SpoolError)) throw refusal;
    const { code, status, requestId } = refusal;
    return { made, listed, refusal: { code, status, requestId }, me: await client.account.me() };
  }, server.url);
  assert.deepEqual(told.listed.toSorted(), told.made.toSorted());
  assert.deepEqual([told.refusal.code, told.refusal.status], ["THREAD_NOT_FOUND", 404]);
  assert.match(String(told.refusal.requestId), /^req_/);
  assert.deepEqual([told.me.userId, told.me.credential.type], ["olivia", "session_token"]);
});

test("LIVE5 LIVE14 PUB4 PUB20 RUN8 a page loses and doubles nothing, whatever breaks", async () => {
  await direct.threads.create({ id: threadId });
  await page.evaluate(beginTelling);
  await page.evaluate(watchBoth, { url: proxy.url, threadId });
  await page.evaluate(publishOn, { url: proxy.url, threadId });
  for (const trouble of [loseAnswers, () => server.restart(), () => proxy.drop()]) {
    await untilFlowing();
    await trouble();
  }
  await untilFlowing();
  const told = await endRun();
  assert.equal(told.end, "");
  const stored = await allOf(direct.history.allEvents(threadId, { allRollouts: true }));
  assert.deepEqual(
    stored.map(({ sequence, runSequence }) => [sequence, runSequence]),
    stored.map((_, index) => [index + 1, index + 1]),
  );
  const numbers = stored.flatMap(({ payload }) => payload.data ?? []);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  assert.equal(told.answered, stored.length);
  assert.ok(told.duplicates > 0, "what was stored and not answered came again");
  assert.ok(told.deltas > 0);
  assert.deepEqual(told.seen.shared, stored);
  assert.deepEqual(told.seen.own, stored);
  for (const states of [told.states.shared, told.states.own]) {
    assert.match(states.join(" "), /^connecting live( (offline connecting )+live){3,}$/);
  }
  assert.ok(sockets.length >= 12);
  assert.deepEqual(
    sockets.filter((url) => /api_key|token/.test(url)),
    [],
  );
});

test("CFG5 the page needed the published modules only, and threw nothing", () => {
  const others = [...origin.fetched].filter((path) => !path.startsWith("/client/"));
  assert.deepEqual(
    others.filter((path) => path !== "/favicon.ico"),
    ["/", "/main.js", "/token"],
  );
  assert.deepEqual(thrown, []);
});

/** What the origin gives its page; while the server is away there is none. */
async function newToken(): Promise<string | null> {
  return direct.account.createSessionToken().then(
    ({ token }) => token,
    () => null,
  );
}

/** In the page: nothing has happened yet. */
function beginTelling(): void {
  const told: Told = {
    ...{ answered: 0, duplicates: 0, deltas: 0, isEnough: false, end: null },
    states: { shared: [], own: [] },
    seen: { shared: [], own: [] },
  };
  Object.assign(globalThis, { told, watchers: [] });
}

/** In the page: watches the thread over a shared connection, and over one of its own. */
function watchBoth({ url, threadId }: { url: string; threadId: string }): void {
  const { spool, newToken, told, watchers } = globalThis as unknown as InPage & {
    told: Told;
    watchers: Promise<void>[];
  };
  const client = new spool.SpoolClient({ url, credential: { token: newToken } });
  const live = new spool.LiveClient(client);
  for (const name of ["shared", "own"] as const) {
    const seen = told.seen[name];
    const onState = ({ state }: { state: string }) => told.states[name].push(state);
    const frames =
      name === "shared"
        ? live.subscribe(threadId, { onState })
        : spool.watchThread(client, threadId, { onState });
    const watch = async () => {
      for await (const received of frames) {
        if (received.kind === "snapshot") seen.push(...received.frame.events);
        if (received.kind === "event") seen.push(received.frame);
        if (received.kind === "transient") told.deltas += 1;
        if (seen.at(-1)?.type === "run_completed") return;
      }
    };
    const watching = watch();
    watching.catch((error: unknown) => Object.assign(told, { end: String(error) }));
    watchers.push(watching);
  }
}

/** In the page: publishes one frame after the other, without waiting, until it is enough. */
function publishOn({ url, threadId }: { url: string; threadId: string }): void {
  const { spool, newToken, told, watchers } = globalThis as unknown as InPage & {
    told: Told;
    watchers: Promise<void>[];
  };
  const client = new spool.SpoolClient({ url, credential: { token: newToken } });
  const publisher = spool.startPublisher(client, { threadId, runId: "run_page" });
  const publish = async (type: string, payload: Record<string, unknown>) => {
    const answer = await publisher.publish({ type, payload });
    told.answered += 1;
    // Every answer of a message counts its duplicates anew: any will do.
    told.duplicates += answer?.duplicates ?? 0;
  };
  const run = async () => {
    const underWay = [publish("run_started", {})];
    for (let number = 1; !told.isEnough; number += 1) {
      const delta = { messageId: "m", delta: `${number} ` };
      void publisher.publish({ type: "assistant_message_delta", payload: delta });
      underWay.push(publish("custom", { name: "n", data: number }));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    underWay.push(publish("run_completed", { status: "completed" }));
    await Promise.all([...underWay, ...watchers]);
    await publisher.close();
  };
  run().then(
    () => Object.assign(told, { end: "" }),
    (error: unknown) => Object.assign(told, { end: String(error) }),
  );
}

/** Waits until the page has had 25 answers more and both watchers are live, or it has given up. */
async function untilFlowing(): Promise<void> {
  const answered = await page.evaluate(() => {
    return (globalThis as unknown as { told: Told }).told.answered;
  });
  await page.waitForFunction((least) => {
    const { answered, states, end } = (globalThis as unknown as { told: Told }).told;
    const areLive = [states.shared, states.own].every((list) => list.at(-1) === "live");
    return (answered >= least && areLive) || end !== null;
  }, answered + 25);
}

/** Cuts the connections when something was stored whose answer cannot arrive any more. */
async function loseAnswers(): Promise<void> {
  proxy.mute();
  const { sequence } = await direct.threads.get(threadId, { limit: 1 });
  while ((await direct.threads.get(threadId, { limit: 1 })).sequence === sequence) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  proxy.drop();
}

/** Ends the run; gives what the page tells when it is over. */
async function endRun(): Promise<Told> {
  await page.evaluate(() => {
    (globalThis as unknown as { told: Told }).told.isEnough = true;
  });
  await page.waitForFunction(() => (globalThis as unknown as { told: Told }).told.end !== null);
  return page.evaluate(() => (globalThis as unknown as { told: Told }).told);
}
