/**
 * `spool publish --watch` from start to end: who am I, what was published before, what is there
 * now, and then whatever happens, until the signal. Ends with the state on disk; what was not sent
 * is left for the next start (WATCH4, WATCH8).
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { sleep } from "@spool/client/back-off";
import { withRetries } from "@spool/client/retry";
import type { SpoolClient } from "@spool/client/spool-client";
import { SpoolError } from "@spool/client/spool-error";
import type { CommandContext } from "../command-context.ts";
import { CommandError, exitCodes } from "../command-error.ts";
import { failureMessage } from "../failure-message.ts";
import type { PublishedPart } from "../publishing/thread-fields.ts";
import type { Redactor } from "../redacting/redactor.ts";
import type { Seen } from "./folder-scan.ts";
import { isOpencodeDatabase } from "./opencode-sessions.ts";
import { SessionWatch } from "./session-watch.ts";
import { WatchReport } from "./watch-report.ts";
import { type StateOwner, stateFolder, WatchState } from "./watch-state.ts";
import { WatchedFiles } from "./watched-files.ts";
import type { WatchedFolder } from "./watched-folders.ts";

/** What to watch, and how. */
export type WatchSettings = {
  readonly folders: readonly WatchedFolder[];
  readonly part: PublishedPart;
  readonly redactor: Redactor | null;
  /** Poll instead of listening. */
  readonly polls: boolean;
  /** Ask the server about every file instead of trusting what was kept of the last start. */
  readonly fresh: boolean;
};

const saveMs = 1_000;
const renewMs = 5_000;

/** Watches until Ctrl-C. Throws CommandError when the server refuses the key. */
export async function watchSessions(
  context: CommandContext,
  settings: WatchSettings,
): Promise<void> {
  const running = new RunningWatch(context, settings);
  try {
    await running.run();
  } catch (error) {
    throw isDenied(error) ? denied(error, context.url) : error;
  }
}

class RunningWatch {
  readonly #context: CommandContext;
  readonly #settings: WatchSettings;
  readonly #client: SpoolClient;
  readonly #report: WatchReport;
  readonly #watch: SessionWatch;
  #state: WatchState | null = null;
  #isSaveDue = false;
  #saveProblem: string | null = null;

  constructor(context: CommandContext, settings: WatchSettings) {
    this.#context = context;
    this.#settings = settings;
    this.#client = context.client();
    this.#report = new WatchReport(context.output, context.json);
    this.#watch = new SessionWatch({
      client: this.#client,
      url: context.url,
      part: settings.part,
      redactor: settings.redactor,
      signal: context.interrupted,
      onEvent: (event) => this.#report.event(event),
      onProgress: (progress) => this.#report.progress(progress),
      onPosition: () => {
        this.#isSaveDue = true;
      },
    });
  }

  async run(): Promise<void> {
    const { folders } = this.#settings;
    this.#report.event({
      type: "watching",
      folders: folders.map(({ agent, folder }) => ({ agent, folder, exists: existsSync(folder) })),
    });
    try {
      await this.#loadState(await this.#owner());
      await this.#follow();
    } catch (error) {
      if (!this.#context.wasInterrupted) throw error;
    }
    this.#save();
    const redacted = this.#settings.redactor?.count ?? 0;
    this.#report.event({ type: "stopped", appended: this.#watch.appended, redacted });
    if (this.#watch.fatal !== null) throw this.#watch.fatal;
  }

  /** Whose state it is; waits for the server as long as it takes. */
  async #owner(): Promise<StateOwner> {
    const { retry } = this.#watch;
    const { signal } = retry;
    const me = await withRetries(() => this.#client.account.me({ signal }), retry);
    const lacking = ["agent:run", "agent:read"].filter((scope) => {
      return ![scope, "agent:*", "*"].some((given) => me.scopes.includes(given as never));
    });
    if (lacking.length > 0) {
      const message = `this key lacks ${lacking.join(" and ")}; make one with both`;
      throw new SpoolError(message, { code: "INSUFFICIENT_SCOPE", status: 403 });
    }
    const path = "/.well-known/jwks.json";
    const answer = await withRetries(() => this.#client.http.send({ path, signal }), retry);
    const { keys = [] } = (await answer.json()) as { keys?: { kid?: string }[] };
    const keyIds = keys.flatMap(({ kid }) => (kid === undefined ? [] : [kid]));
    return { url: this.#context.url, orgId: me.orgId, userId: me.userId, keyIds };
  }

  async #loadState(owner: StateOwner): Promise<void> {
    const { env } = this.#context;
    this.#state = new WatchState(stateFolder(env.HOME || homedir(), env), owner);
    if (this.#settings.fresh) return;
    const { files, dropped } = this.#state.load();
    this.#watch.remember(files);
    if (dropped === null) return;
    const message = `${dropped} and is dropped; the server is asked what it holds`;
    this.#report.event({ type: "problem", file: this.#state.path, message });
  }

  async #follow(): Promise<void> {
    const { signal } = this.#watch.retry;
    const first = new Map<string, Seen>();
    let isFirst = true;
    const files = new WatchedFiles({
      folders: this.#settings.folders,
      polls: this.#settings.polls,
      signal,
      onFile: (path, seen) => {
        if (isFirst) first.set(path, seen);
        else this.#watch.found(path, seen, true);
      },
      onGone: (path) => this.#watch.gone(path),
      onProblem: (file, error) => {
        const message = failureMessage(error, this.#context.url);
        this.#report.event({ type: "problem", file, message });
      },
    });
    const startedAt = performance.now();
    await files.scan();
    isFirst = false;
    const sizes = [...first].flatMap(([path, { size }]) =>
      isOpencodeDatabase(path) ? [] : [size],
    );
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    this.#report.event({ type: "found", files: sizes.length, bytes });
    this.#watch.foundFirst(first);
    const caughtUp = this.#tellCaughtUp(first.size, startedAt);
    await Promise.all([files.follow(), this.#saveOften(), this.#renewOften(), caughtUp]);
  }

  async #tellCaughtUp(files: number, startedAt: number): Promise<void> {
    await this.#watch.idle();
    if (this.#watch.retry.signal.aborted) return;
    const seconds = (performance.now() - startedAt) / 1_000;
    const redacted = this.#settings.redactor?.count ?? 0;
    const { appended } = this.#watch;
    this.#report.event({ type: "caught_up", files, appended, redacted, seconds });
  }

  async #saveOften(): Promise<void> {
    while (await this.#passes(saveMs)) if (this.#isSaveDue) this.#save();
  }

  async #renewOften(): Promise<void> {
    while (await this.#passes(renewMs)) await this.#watch.renew();
  }

  async #passes(ms: number): Promise<boolean> {
    const { signal } = this.#watch.retry;
    // The one reason to reject is the signal.
    await sleep(ms, signal).catch(() => {});
    return !signal.aborted;
  }

  #save(): void {
    this.#isSaveDue = false;
    if (this.#state === null) return;
    try {
      this.#state.save(this.#watch.positions());
      this.#saveProblem = null;
    } catch (error) {
      // A full disk, say. Only the next start has more to do; told once.
      const { code = "FAILED" } = error as NodeJS.ErrnoException;
      if (this.#saveProblem === code) return;
      this.#saveProblem = code;
      const message = `cannot be written (${code}); the next start asks the server instead`;
      this.#report.event({ type: "problem", file: this.#state.path, message });
    }
  }
}

function isDenied(error: unknown): error is SpoolError {
  if (!(error instanceof SpoolError)) return false;
  return error.status === 401 || error.code === "INSUFFICIENT_SCOPE";
}

/** A refusal that trying again does not change; services do not start again after it. */
function denied(error: SpoolError, url: string): CommandError {
  const failure = new CommandError(failureMessage(error, url), exitCodes.denied);
  return Object.assign(failure, { code: error.code });
}
