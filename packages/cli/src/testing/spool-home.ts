/**
 * A person's home with agents' session folders, a server beside it that may be killed and started
 * again on its port, and publishers for it. For tests only; nothing in it is faked.
 */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SpoolClient } from "@spool/client/spool-client";
import { allOf } from "@spool/client/testing/all-of";
import { freePort } from "@spool/client/testing/free-port";
import type { Event } from "@spool/protocol/resources";
import { type Running, runSpool, startSpool } from "./run-spool.ts";

/** An event without what the server alone decides. */
export type PublishedEvent = Pick<Event, "type" | "payload" | "runId" | "runSequence">;

/** The home; `close` it when done. */
export class SpoolHome {
  readonly folder = mkdtempSync(join(tmpdir(), "spool-home-"));
  readonly url: string;
  readonly #port: number;
  #server: Running | null = null;
  readonly #started: Running[] = [];

  private constructor(port: number) {
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** A home whose server runs. */
  static async open(): Promise<SpoolHome> {
    const home = new SpoolHome(await freePort());
    await home.startServer();
    return home;
  }

  /** The admin's key. */
  get key(): string {
    return readFileSync(join(this.folder, "data", "admin.key"), "utf8").trim();
  }

  get client(): SpoolClient {
    return new SpoolClient({ url: this.url, credential: { apiKey: this.key } });
  }

  /** Starts the server; resolves when it answers. */
  async startServer(): Promise<void> {
    const words = ["serve", "--port", String(this.#port), "--data-dir", join(this.folder, "data")];
    const server = startSpool(words);
    this.#server = server;
    this.#started.push(server);
    const end = performance.now() + 30_000;
    while (!(await answers(this.url))) {
      if (performance.now() > end) throw new Error(`the server does not answer: ${server.err()}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Kills the server as a power cut would. */
  async killServer(): Promise<void> {
    this.#server?.process.kill("SIGKILL");
    await this.#server?.finished;
  }

  /** Starts `spool` with these words as the home's user. */
  spool(words: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
    const running = startSpool(words, { env: { ...this.#env(), ...env } });
    this.#started.push(running);
    return running;
  }

  /** Runs it to its end. */
  run(words: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return runSpool(words, { env: { ...this.#env(), ...env } });
  }

  /** Follows the home's folders, without starting over to get a small heap. */
  watch(...words: string[]): Running {
    return this.spool(["publish", "--watch", "--json", ...words], { SPOOL_SMALL_HEAP: "1" });
  }

  /** A path below the home, whose folder exists. */
  path(name: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    return path;
  }

  /** Writes to the end of a file as an agent does. */
  append(name: string, text: string | Uint8Array): string {
    const path = this.path(name);
    appendFileSync(path, text);
    return path;
  }

  /** What a thread holds, in order; empty without it. `client` reads as somebody else. */
  async events(threadId: string, client = this.client): Promise<PublishedEvent[]> {
    const history = client.history.allEvents(threadId, { allRollouts: true });
    const all = await allOf(history).catch(() => {
      // Not there yet, or no server at the moment: whoever waits asks again.
      return [];
    });
    return all.map(({ type, payload, runId, runSequence }) => {
      return { type, payload, runId, ...(runSequence === undefined ? {} : { runSequence }) };
    });
  }

  /** A client of another org on the same server. */
  async otherClient(org: string): Promise<{ client: SpoolClient; key: string }> {
    const words = ["keys", "create", "--org", org, "--user", "u", "--json"];
    const { out } = await runSpool([...words, "--data-dir", join(this.folder, "data")]);
    const { key } = JSON.parse(out) as { key: string };
    return { key, client: new SpoolClient({ url: this.url, credential: { apiKey: key } }) };
  }

  async close(): Promise<void> {
    for (const { process: child, finished } of this.#started) {
      child.kill("SIGKILL");
      await finished;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #env() {
    return { HOME: this.folder, SPOOL_URL: this.url, SPOOL_API_KEY: this.key };
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok;
  } catch {
    // Not listening yet.
    return false;
  }
}
