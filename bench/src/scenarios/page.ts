/**
 * The page in a real browser: how soon it shows, a thread of 10,000 events and 50 MB in it, and an
 * answer that is written at 300 deltas a second. What one waits for is measured in the page.
 */
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { findBrowser } from "../../../tools/test/browser.ts";
import type { Figure } from "../figure.ts";
import { beginRuns, publish, type RunningThread } from "../published.ts";
import { RawConnection } from "../raw-http.ts";
import type { ServerProcess } from "../server-process.ts";

const events = 10_000;
const eventBytes = 5_000;
const deltasPerSecond = 300;
/** So many deltas go out together, as an agent's frames within 20 ms do. */
const deltasAtOnce = 6;
const opens = 7;

/** What the functions that run in the page use of it; the bench itself is no browser's code. */
type InPage = {
  readonly document: {
    querySelector(selector: string): { readonly textContent: string; click(): void } | null;
  };
  readonly requestAnimationFrame: (done: () => void) => void;
  readonly gc: () => void;
  readonly performance: { readonly memory: { readonly usedJSHeapSize: number } };
  readonly PerformanceObserver: new (
    take: (list: { getEntries(): { readonly duration: number }[] }) => void,
  ) => { observe(what: { type: string }): void };
  tasks: number[];
};

/** Whether there is a browser to measure with. */
export function hasBrowser(): boolean {
  return findBrowser() !== null;
}

/** All figures of the page; `seconds` is how long the answer is written. */
export async function measurePage(server: ServerProcess, seconds: number): Promise<Figure[]> {
  const connection = await RawConnection.connect(server.port);
  const [large, written] = await beginRuns(server, "bench-page", 2);
  await fill(server, connection, large as RunningThread);
  const args = ["--enable-precise-memory-info", "--js-flags=--expose-gc"];
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  const browser = await chromium.launch({ executablePath: findBrowser() as string, args });
  try {
    const page = await signedIn(browser, server);
    return [
      ...(await measureShowing(page, server)),
      await measureOpening(page, large as RunningThread),
      await measureScrolling(page),
      ...(await measureWriting({ page, server, connection, seconds }, written as RunningThread)),
    ];
  } finally {
    await browser.close();
    connection.close();
  }
}

/** Prompts, calls, results and answers in turn, 5 KB each. */
async function fill(
  server: ServerProcess,
  connection: RawConnection,
  { threadId, runId }: RunningThread,
): Promise<void> {
  const paragraph = "The queue is **bounded**, and what is over the bound is `refused`. ";
  const text = `${paragraph.repeat(6)}\n\n`.repeat(Math.ceil(eventBytes / (paragraph.length * 6)));
  for (let at = 0; at < events; at += 100) {
    const frames = Array.from({ length: 100 }, (_, index) => frameOf(at + index, text));
    await publish(server, connection, { threadId, runId, events: frames });
  }
}

function frameOf(number: number, text: string): object {
  const toolCallId = `call_${number - (number % 4)}`;
  switch (number % 4) {
    case 0:
      return { type: "user_message", payload: { content: `Question ${number}. ${text}` } };
    case 1:
      return { type: "tool_call", payload: { toolCallId, name: "Bash", input: { command: text } } };
    case 2:
      return { type: "tool_result", payload: { toolCallId, output: `Result ${number}. ${text}` } };
    default:
      return { type: "assistant_message", payload: { content: `${text}Answer ${number}.` } };
  }
}

async function signedIn(browser: Browser, server: ServerProcess): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${server.port}/`);
  await page.locator("input[type=password]").fill(server.key);
  await page.locator("button[type=submit]").click();
  await page.locator(".shell").waitFor();
  return page;
}

/** From the address to a list that can be used, and what had to be loaded for it. */
async function measureShowing(page: Page, server: ServerProcess): Promise<Figure[]> {
  const times: number[] = [];
  for (let turn = 0; turn < opens; turn += 1) {
    await page.goto(`http://127.0.0.1:${server.port}/`);
    await page.locator(".side a[href*='/threads/']").first().waitFor();
    times.push(await page.evaluate(() => performance.now()));
  }
  const scripts = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .map(({ name }) => new URL(name).pathname)
      .filter((name) => name.endsWith(".js")),
  );
  const kilobytes = scripts.reduce((sum, name) => sum + gzippedBytes(name), 0) / 1_000;
  return [
    timesFigure("page: address → list", times, 1_000, "loopback"),
    {
      ...{
        name: "page: script until then",
        value: kilobytes,
        unit: "KB",
        p50Ms: null,
        p99Ms: null,
      },
      goal: { kind: "atMost", value: 250 },
      note: "gzipped",
    },
  ];
}

function gzippedBytes(name: string): number {
  const path = fileURLToPath(new URL(`../../../packages/web/dist${name}`, import.meta.url));
  return statSync(existsSync(`${path}.gz`) ? `${path}.gz` : path).size;
}

/** From the click in the list to the newest event on the screen. */
async function measureOpening(page: Page, { threadId }: RunningThread): Promise<Figure> {
  const times: number[] = [];
  for (let turn = 0; turn < opens; turn += 1) {
    const link = page.locator(`.side a[href*='${threadId}']`).first();
    await link.waitFor();
    times.push(
      await page.evaluate(async (id) => {
        const { document, requestAnimationFrame } = globalThis as unknown as InPage;
        const startedAt = performance.now();
        document.querySelector(`.side a[href*='${id}']`)?.click();
        while (!document.querySelector(".items")?.textContent.includes("Answer 9999.")) {
          await new Promise<void>((resolve) => requestAnimationFrame(resolve));
          if (performance.now() - startedAt > 30_000) throw new Error("the thread did not show");
        }
        return performance.now() - startedAt;
      }, threadId),
    );
    if (turn < opens - 1) await page.locator(".brand").click();
  }
  return timesFigure("page: click → newest screen", times, 1_000, "10,000 events, 50 MB");
}

/** The longest task while somebody scrolls up for five seconds, older pages included. */
async function measureScrolling(page: Page): Promise<Figure> {
  await page.evaluate(() => {
    const inPage = globalThis as unknown as InPage;
    inPage.tasks = [];
    new inPage.PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) inPage.tasks.push(duration);
    }).observe({ type: "longtask" });
  });
  await page.locator(".items").hover();
  const endsAt = performance.now() + 5_000;
  while (performance.now() < endsAt) {
    await page.mouse.wheel(0, -600);
    await new Promise((resolve) => setTimeout(resolve, 16));
  }
  const tasks = await page.evaluate(() => (globalThis as unknown as InPage).tasks);
  return {
    name: "page: longest task while scrolling",
    ...{ value: Math.max(0, ...tasks), unit: "ms", p50Ms: null, p99Ms: null },
    goal: { kind: "atMost", value: 50 },
    note: `5 s upwards, older pages read meanwhile; ${tasks.length} tasks over 50 ms`,
  };
}

type Writing = {
  readonly page: Page;
  readonly server: ServerProcess;
  readonly connection: RawConnection;
  readonly seconds: number;
};

/** How far behind the page is after the last delta, and what it grew by. */
async function measureWriting(
  { page, server, connection, seconds }: Writing,
  { threadId, runId, rolloutId }: RunningThread,
): Promise<Figure[]> {
  await page.goto(`http://127.0.0.1:${server.port}/threads/${threadId}`);
  await page.locator(".items").waitFor();
  const before = await heapMB(page);
  const startedAt = performance.now();
  const count = seconds * deltasPerSecond;
  for (let sent = 0; sent < count; sent += deltasAtOnce) {
    const dueAt = startedAt + (sent * 1_000) / deltasPerSecond;
    const wait = dueAt - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const frames = Array.from({ length: deltasAtOnce }, (_, index) => ({
      type: "assistant_message_delta",
      sequenceNumber: sent + index + 1,
      payload: { messageId: "m", delta: deltaOf(sent + index, count) },
    }));
    await publish(server, connection, { threadId, runId, rolloutId, events: frames });
  }
  const lastSentAt = performance.now();
  await page.waitForFunction(() => {
    const { document } = globalThis as unknown as InPage;
    return document.querySelector(".items")?.textContent.includes("THE LAST WORD");
  });
  const behindMs = performance.now() - lastSentAt;
  const grownMB = (await heapMB(page)) - before;
  const note = `${deltasPerSecond} deltas/s for ${seconds} s into one answer`;
  return [
    timesFigure("page: last delta → on the screen", [behindMs], 250, note),
    {
      ...{ name: "page: growth meanwhile", value: grownMB, unit: "MB", p50Ms: null, p99Ms: null },
      goal: { kind: "atMost", value: 50 },
      note: "JavaScript heap after a collection",
    },
  ];
}

/** Twenty letters; a paragraph ends now and then, and the last one is told apart. */
function deltaOf(number: number, count: number): string {
  if (number === count - 1) return "\n\nTHE LAST WORD";
  return number % 60 === 59 ? "and that is all.\n\n" : "some **words** of it ";
}

function heapMB(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const { gc, performance } = globalThis as unknown as InPage;
    gc();
    await new Promise((resolve) => setTimeout(resolve, 100));
    gc();
    return performance.memory.usedJSHeapSize / 1_000_000;
  });
}

function timesFigure(name: string, times: readonly number[], goalMs: number, note: string): Figure {
  const sorted = [...times].sort((a, b) => a - b);
  const p50Ms = sorted[Math.floor(sorted.length / 2)] as number;
  return {
    ...{ name, value: p50Ms, unit: "ms", p50Ms, p99Ms: sorted.at(-1) as number },
    goal: { kind: "atMost", value: goalMs },
    note,
  };
}
