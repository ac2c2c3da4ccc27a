/**
 * `spool publish <file…>`: publishes session files of local agents (CFG12). Files are read one
 * after the other and sent while the next ones are read; publishing again, or a file that has
 * grown, adds only what is new. Exit code 1 when any file failed; the others are still published.
 * `--watch` follows the agents' folders instead (WATCH1).
 */
import { homedir } from "node:os";
import type { SubAgentLink } from "@spool/adapters/frame";
import { sessionPath } from "@spool/adapters/session-folders";
import { BatchPublisher } from "@spool/client/batch-publisher";
import type { SpoolClient } from "@spool/client/spool-client";
import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { exitCodes, usageError } from "../command-error.ts";
import { failureMessage } from "../failure-message.ts";
import { ProgressBar } from "../publishing/progress-bar.ts";
import {
  type FileSummary,
  type PublishFileOptions,
  publishFile,
} from "../publishing/publish-file.ts";
import { reportJson, reportLines } from "../publishing/publish-report.ts";
import { type SessionSource, sessionSource } from "../publishing/session-source.ts";
import { type RedactionOptions, redactorOf } from "../redacting/redaction-options.ts";
import type { Redactor } from "../redacting/redactor.ts";

type PublishOptions = RedactionOptions & {
  readonly messagesOnly?: boolean;
  readonly complete?: boolean;
  readonly watch?: boolean;
  readonly poll?: boolean;
  readonly fresh?: boolean;
};

/** Adds arguments, options and the action to `command`. */
export function configure(command: Command, context: () => CommandContext): void {
  command
    .description(
      "Publish session files of local agents (Codex, Claude Code, Gemini CLI, OpenCode, Pi), " +
        "recognised by their content. Publishing again, or a file that has grown, adds only what " +
        "is new. With --watch, what this user's agents write is published as they write it; of " +
        "OpenCode each message once it is done. What OpenCode before 1.2 kept in JSON files is not " +
        "followed: publish what opencode export prints.",
    )
    .argument("[file...]", "session files; - is standard input. With --watch: folders")
    .option("--watch", "follow the agents' own folders, or the named ones, until Ctrl-C")
    .option("--poll", "with --watch: look every 150 ms instead of listening for changes")
    .option("--fresh", "with --watch: ask the server about every file, as at the first start")
    .option("--messages-only", "leave out records that are no message, call or result")
    .option("--complete", "the sessions are over: publish also what waits for a later record")
    .option("--no-redact", "send secrets as they are instead of masking them")
    .option("--redact-patterns <file>", "mask also what matches: an expression a line, or JSON")
    .action((files, options) => publish(context(), files, options));
}

async function publish(
  context: CommandContext,
  files: readonly string[],
  options: PublishOptions,
): Promise<void> {
  if (options.watch !== true) {
    if (files.length === 0) throw usageError("name session files, or follow all with --watch");
    return new Publishing(context, options, await redactorOf(options)).run(files);
  }
  if (options.complete) throw usageError("--complete does not go with --watch: sessions go on");
  const { env } = context;
  const { restartWithSmallHeap } = await import("../watching/small-heap.ts");
  restartWithSmallHeap(env);
  const { agentFolders, namedFolders } = await import("../watching/watched-folders.ts");
  const { watchSessions } = await import("../watching/watch-sessions.ts");
  await watchSessions(context, {
    folders: files.length > 0 ? namedFolders(files) : agentFolders(env.HOME || homedir(), env),
    part: options.messagesOnly === true ? "messages" : "everything",
    redactor: await redactorOf(options),
    polls: options.poll === true,
    fresh: options.fresh === true,
  });
}

/** One run of the command. */
class Publishing {
  readonly #context: CommandContext;
  readonly #options: PublishOptions;
  readonly #client: SpoolClient;
  readonly #publisher: BatchPublisher;
  readonly #retry: PublishFileOptions["retry"];
  readonly #bar: ProgressBar;
  readonly #links: SubAgentLink[] = [];
  readonly #redactor: Redactor | null;
  #bytesTotal: number | null = 0;
  #bytesRead = 0;
  #framesRead = 0;
  /** Of those read, the ones the server held before. */
  #framesKnown = 0;
  #framesStored = 0;
  #waitsFor = "";

  constructor(context: CommandContext, options: PublishOptions, redactor: Redactor | null) {
    this.#context = context;
    this.#options = options;
    this.#redactor = redactor;
    this.#client = context.client();
    this.#bar = new ProgressBar(context.output, !context.json);
    this.#retry = {
      signal: context.interrupted,
      onRetry: (error) => {
        this.#waitsFor = `; ${failureMessage(error, context.url)}`;
        this.#draw();
      },
    };
    this.#publisher = new BatchPublisher({
      ...this.#retry,
      publish: (batch, more) => this.#client.publishEncoded(batch, more),
      onProgress: (confirmed) => {
        this.#framesStored = confirmed;
        this.#waitsFor = "";
        this.#draw();
      },
    });
  }

  async run(files: readonly string[]): Promise<void> {
    // One clear line when the server or the key is wrong, instead of one per file.
    await this.#client.account.me({ signal: this.#context.interrupted });
    let reported: Promise<void> = Promise.resolve();
    // Sessions before their sub-agents, whose call and end they tell.
    for (const source of await this.#sources(sessionsFirst(files))) {
      const finish = "ok" in source ? async () => source : await this.#read(source);
      const finishing = finish();
      const before = reported;
      reported = before.then(async () => this.#report(await finishing));
      ignoreUntilAwaited(finishing, reported);
    }
    await reported;
    this.#bar.clear();
    const masked = this.#redactor?.count ?? 0;
    if (masked > 0 && !this.#context.json) {
      await this.#context.output.print(
        `secrets masked: ${masked}; --no-redact sends them as they are`,
      );
    }
  }

  /** The files in order; a summary stands for one that cannot be opened. */
  async #sources(files: readonly string[]): Promise<(SessionSource | FileSummary)[]> {
    const sources = await Promise.all(
      files.map((file) => sessionSource(file).catch((error: unknown) => unopened(file, error))),
    );
    for (const source of sources) {
      if ("ok" in source) continue;
      if (source.size === null || this.#bytesTotal === null) this.#bytesTotal = null;
      else this.#bytesTotal += source.size;
    }
    return sources;
  }

  /** Reads a file to its end and gives what waits for its answers. */
  async #read(source: SessionSource): Promise<() => Promise<FileSummary>> {
    const { finish } = await publishFile(source, {
      client: this.#client,
      publisher: this.#publisher,
      redactor: this.#redactor,
      part: this.#options.messagesOnly === true ? "messages" : "everything",
      complete: this.#options.complete === true,
      links: this.#links,
      retry: this.#retry,
      onBytes: (count) => {
        this.#bytesRead += count;
        this.#draw();
      },
      onFrames: ({ read, known }) => {
        this.#framesRead += read;
        this.#framesKnown += known;
      },
    });
    return finish;
  }

  async #report(summary: FileSummary): Promise<void> {
    const { output, url, json } = this.#context;
    this.#bar.clear();
    if (!summary.ok) process.exitCode = exitCodes.failed;
    if (json) await output.json(reportJson(summary, url));
    else await output.print(...reportLines(summary, url));
  }

  #draw(): void {
    const read = this.#bytesTotal ? this.#bytesRead / this.#bytesTotal : null;
    const done = this.#framesStored + this.#framesKnown;
    const fraction = read === null ? null : Math.min(read, done / Math.max(1, this.#framesRead));
    this.#bar.show(fraction, `${this.#framesStored} events published${this.#waitsFor}`);
  }
}

/** As they were given, but for sub-agents' files, which come last. */
function sessionsFirst(files: readonly string[]): string[] {
  const isSubAgent = (file: string) => sessionPath(file)?.isSubAgent === true;
  return [...files].sort((a, b) => Number(isSubAgent(a)) - Number(isSubAgent(b)));
}

/** Keeps a failure from ending the process before whoever awaits the last report hears of it. */
function ignoreUntilAwaited(...promises: Promise<unknown>[]): void {
  // Only silenced here: each of them is awaited later, and throws there.
  for (const promise of promises) promise.catch(() => {});
}

function unopened(file: string, error: unknown): FileSummary {
  return { file, ok: false, threads: [], problems: [], problemCount: 0, error };
}
