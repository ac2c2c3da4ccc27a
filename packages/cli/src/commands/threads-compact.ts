/**
 * `spool threads compact`: closes a thread's active rollout with a summary and opens the next
 * (CFG15). Waits until it is done, however long it takes; `--no-wait` asks and leaves.
 */
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { CompactAnswer } from "@spool/protocol/compaction";
import { type Command, InvalidArgumentError } from "commander";
import type { CommandContext } from "../command-context.ts";
import { CommandError } from "../command-error.ts";

type CompactOptions = {
  readonly instructions?: string;
  readonly summary?: string;
  readonly keepLast?: number;
  readonly wait: boolean;
};

/** Between two looks at a compaction that takes longer than the server's answer. */
const lookMs = 1_000;

/** Adds the subcommand to `spool threads`. */
export function configureCompact(command: Command, context: () => CommandContext): void {
  command
    .command("compact")
    .summary("close the active rollout with a summary")
    .description("Close a thread's active rollout with a summary and open the next.")
    .argument("<threadId>")
    .option("--instructions <text>", "what the summary must keep")
    .option("--summary <file>", "the summary itself; - reads standard input")
    .option("--keep-last <turns>", "whole turns that stay word for word, at most 100", turns)
    .option("--no-wait", "do not wait until it is done")
    .action((threadId, options) => compact(context(), threadId, options));
}

async function compact(
  context: CommandContext,
  threadId: string,
  { instructions, summary, keepLast, wait }: CompactOptions,
): Promise<void> {
  const { threads } = context.client();
  const wishes = {
    ...(instructions === undefined ? {} : { instructions }),
    ...(summary === undefined ? {} : { summary: await readSummary(summary) }),
    ...(keepLast === undefined ? {} : { keepLast }),
  };
  const options = { signal: context.interrupted, respondAsync: !wait };
  let answer = await threads.compact(threadId, wishes, options);
  if (wait && answer.status === "running") answer = await untilDone(context, answer);
  if (context.json) await context.output.json(answer);
  else await context.output.print(wordsOf(answer));
}

/** Looks until the compaction has ended; its end stands in the history. */
async function untilDone(context: CommandContext, begun: CompactAnswer): Promise<CompactAnswer> {
  const { threadId, rolloutId: previousRolloutId } = begun;
  const { threads } = context.client();
  const options = { signal: context.interrupted };
  context.output.note(`${threadId} is being compacted …`);
  for (;;) {
    const { thread } = await threads.get(threadId, { limit: 1 }, options);
    if (thread.status !== "compacting") {
      const rolloutId = thread.activeRolloutId;
      if (rolloutId === previousRolloutId) {
        throw new CommandError("the compaction failed; the thread goes on in its rollout");
      }
      return { threadId, rolloutId, previousRolloutId, status: "completed" };
    }
    context.interrupted.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

async function readSummary(file: string): Promise<string> {
  try {
    return (file === "-" ? await text(process.stdin) : await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function wordsOf({ threadId, rolloutId, previousRolloutId, status }: CompactAnswer): string {
  switch (status) {
    case "completed":
      return `${threadId} compacted: ${previousRolloutId} is closed, ${rolloutId} goes on`;
    case "running":
      return `${threadId} is being compacted; spool tail ${threadId} shows its end`;
    case "skipped":
      return `${threadId} has no message since the last compaction: nothing to do`;
  }
}

function turns(value: string): number {
  if (!/^\d{1,3}$/.test(value) || Number(value) > 100) {
    throw new InvalidArgumentError("It is a whole number from 0 to 100.");
  }
  return Number(value);
}
