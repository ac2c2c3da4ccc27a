/**
 * The built page in a real browser against a real server: starts both, signs in by the address that
 * a first start prints, and remembers everything the page complains about. For tests only.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { SpoolClient } from "@spool/client/spool-client";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { findBrowser, howToGetOne } from "../../../../tools/test/browser.ts";
import { freePort } from "../../../client/src/testing/free-port.ts";
import { startTestServer, type TestServer } from "../../../server/src/testing/test-server.ts";

/** How a window differs from 1280 × 800 in light colours. */
export type WindowOptions = {
  readonly width?: number;
  readonly height?: number;
  readonly isDark?: boolean;
  readonly isTouch?: boolean;
  readonly reducesMotion?: boolean;
};

/** A server with the page, and a browser. `close` both when done. */
export type PageFixture = {
  readonly server: TestServer;
  /** Speaks as the admin who signs in by `signIn`. */
  readonly client: SpoolClient;
  readonly browser: Browser;
  /** A browser of its own, so to say: no cookie is shared with another one. */
  newContext(options?: WindowOptions): Promise<BrowserContext>;
  /** A page that is signed in, at `path`; in `context`, or in a new one. */
  signIn(path?: string, context?: BrowserContext): Promise<Page>;
  /** Fails when a page logged an error, broke its policy or threw since the last time. */
  assertQuiet(...expected: readonly RegExp[]): void;
  close(): Promise<void>;
};

/** Where the built page is. */
export const pageDir = join(import.meta.dirname, "../../dist");

/**
 * What a browser logs of each attempt to reach a server that is stopping, gone or still starting
 * (then it answers 503), or a network that is away.
 */
export const serverAway = /WebSocket connection|net::ERR_|status of 503/;

/** Starts both; the server keeps its port over `server.restart()`. */
export async function startPage(): Promise<PageFixture> {
  const executablePath = findBrowser();
  assert(executablePath !== null, howToGetOne);
  const port = String(await freePort());
  const server = await startTestServer({ pageDir, flags: { port } });
  const isRoot = process.getuid?.() === 0;
  const args = isRoot ? ["--no-sandbox"] : [];
  const browser = await chromium.launch({ executablePath, args });
  const complaints: string[] = [];
  // One's own: what is published with it is the page's to show.
  const client = new SpoolClient({
    url: server.url,
    credential: { apiKey: server.adminKey as string },
  });
  const newContext = async (options: WindowOptions = {}) => {
    const { width = 1_280, height = 800, isDark = false, isTouch = false } = options;
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme: isDark ? "dark" : "light",
      hasTouch: isTouch,
      reducedMotion: options.reducesMotion ? "reduce" : "no-preference",
      locale: "en-GB",
      timezoneId: "UTC",
    });
    context.on("page", (page) => listen(page, complaints));
    return context;
  };
  return {
    server,
    client,
    browser,
    newContext,
    async signIn(path = "/", context) {
      const page = await (context ?? (await newContext())).newPage();
      await page.goto(`${server.url}${path}#code=${server.newSignInCode()}`);
      await page.locator(".shell").waitFor();
      return page;
    },
    assertQuiet(...expected) {
      const heard = complaints.splice(0);
      const left = heard.filter((text) => !expected.some((pattern) => pattern.test(text)));
      assert.deepEqual(left, []);
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

function listen(page: Page, complaints: string[]): void {
  page.on("pageerror", (error) => complaints.push(`thrown: ${error.stack}`));
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    complaints.push(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
}
