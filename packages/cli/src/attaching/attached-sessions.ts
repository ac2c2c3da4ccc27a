/**
 * The sessions that an agent writes while it runs in this folder, published meanwhile. Nothing that
 * goes wrong here reaches the agent: it is told at the end (WATCH12). Used by `spool attach`.
 */
import { realpathSync } from "node:fs";
import type { ThreadHeader } from "@spool/adapters/frame";
import { sleep } from "@spool/client/back-off";
import type { SpoolClient } from "@spool/client/spool-client";
import type { Redactor } from "../redacting/redactor.ts";
import { SessionWatch } from "../watching/session-watch.ts";
import type { WatchEvent } from "../watching/watch-event.ts";
import { WatchedFiles } from "../watching/watched-files.ts";
import type { WatchedFolder } from "../watching/watched-folders.ts";

/** What to publish, and where. */
export type AttachedOptions = {
  readonly client: SpoolClient;
  readonly url: string;
  readonly folders: readonly WatchedFolder[];
  readonly redactor: Redactor | null;
  /** The folder the agent works in. */
  readonly cwd: string;
};

/** What was published. */
export type AttachedSummary = {
  readonly threadIds: readonly string[];
  readonly appended: number;
  /** Why something may be missing; null when everything written is stored. */
  readonly problem: string | null;
};

/** How long the end of the agent may wait for the last events, and for a server that is away. */
const finishMs = 10_000;
const awayMs = 2_000;
/** Times of files lag behind the clock by a tick of the system. */
const timeSlackMs = 50;
const renewMs = 5_000;

/** The publishing beside one agent. */
export class AttachedSessions {
  readonly #options: AttachedOptions;
  readonly #stop = new AbortController();
  readonly #watch: SessionWatch;
  readonly #files: WatchedFiles;
  readonly #threadIds = new Set<string>();
  #problem: string | null = null;
  #away: string | null = null;

  constructor(options: AttachedOptions) {
    this.#options = options;
    const sinceMs = Date.now() - timeSlackMs;
    const { client, url, redactor, folders } = options;
    this.#watch = new SessionWatch({
      client,
      url,
      redactor,
      part: "everything",
      sinceMs,
      signal: this.#stop.signal,
      accepts: (header) => this.#isHere(header),
      onEvent: (event) => this.#event(event),
      onProgress: () => {},
    });
    this.#files = new WatchedFiles({
      folders,
      polls: false,
      signal: this.#stop.signal,
      onFile: (path, seen) => this.#watch.found(path, seen, true),
      onGone: (path) => this.#watch.gone(path),
      onProblem: () => {},
    });
  }

  /** Publishes until `finish`. Never rejects. */
  async run(): Promise<void> {
    try {
      await this.#files.scan();
      await Promise.all([this.#files.follow(), this.#renewOften()]);
    } catch (error) {
      this.#problem ??= String(error);
    }
  }

  /** The agent has ended: publishes what it wrote last, and stops. Never rejects. */
  async finish(): Promise<AttachedSummary> {
    try {
      await this.#files.scan();
      await Promise.race([this.#watch.idle(), this.#patience()]);
    } catch (error) {
      this.#problem ??= String(error);
    }
    const fatal = this.#watch.fatal;
    const isIdle = this.#watch.isIdle;
    this.#stop.abort();
    const late = isIdle ? null : (this.#away ?? "the server was too slow");
    const problem = fatal === null ? (this.#problem ?? late) : String((fatal as Error).message);
    return { threadIds: [...this.#threadIds], appended: this.#watch.appended, problem };
  }

  async #patience(): Promise<void> {
    const endsAt = performance.now() + finishMs;
    const { signal } = this.#stop;
    for (let awaySince = performance.now(); performance.now() < endsAt; ) {
      if (this.#away === null) awaySince = performance.now();
      else if (performance.now() - awaySince > awayMs) return;
      await sleep(50, signal);
    }
  }

  async #renewOften(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      // The one reason to reject is the signal.
      await sleep(renewMs, signal).catch(() => {});
      if (!signal.aborted) await this.#watch.renew();
    }
  }

  #isHere({ metadata }: ThreadHeader): boolean {
    const { cwd } = (metadata.source ?? {}) as { cwd?: unknown };
    return typeof cwd !== "string" || real(cwd) === real(this.#options.cwd);
  }

  #event(event: WatchEvent): void {
    if (event.type === "published") this.#threadIds.add(event.threadId);
    else if (event.type === "waiting") this.#away = event.message;
    else if (event.type === "resumed") this.#away = null;
    else if (event.type === "left_out") this.#problem ??= event.message;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // Gone meanwhile, or never here: as it is written.
    return path;
  }
}
